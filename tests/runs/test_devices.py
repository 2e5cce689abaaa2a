"""What a command keeps of the memory that tensors give back, looked at from outside."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from glassbert.runs.devices import HUGE_PAGES, has_huge_pages

glibc_only = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc")
MEBIBYTE = 1 << 20

LOOK = '''
import json, resource, sys
import torch
from glassbert.runs.devices import use_threads

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def asked_for_huge():
    """Resident bytes of mappings for which huge pages are asked; whether some are free is the system's."""
    total = size = 0
    with open("/proc/self/smaps") as file:
        for line in file:
            if line.startswith("Rss:"):
                size = int(line.split()[1]) << 10
            elif line.startswith("VmFlags:") and " hg" in line:
                total += size
    return total

def take(mebibytes, count=8):
    return [torch.ones(mebibytes << 18) for _ in range(count)]

if sys.argv[1] == "with":
    use_threads(1)
take(1), take(2)
size = int(sys.argv[2])
before = resident()
held = take(size)
answer = {"held": resident() - before, "huge": asked_for_huge()}
del held
answer["kept"] = resident() - before
for _ in range(9):  # glibc looks for an aligned block with room to spare: some rounds go by before all fit
    taken = faults()
    take(size)
answer["faults"] = faults() - taken
print(json.dumps(answer))
'''


def looked(how: str, mebibytes: int) -> dict[str, int]:
    command = [sys.executable, "-c", LOOK, how, str(mebibytes)]
    # a command that another test ran in this process has asked for huge pages already
    surroundings = {name: value for name, value in os.environ.items() if name != "THP_MEM_ALLOC_ENABLE"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=surroundings)
    answer: dict[str, int] = json.loads(done.stdout)
    return answer


@glibc_only
def test_small_blocks_are_kept_and_come_back_without_page_faults() -> None:
    found = looked("with", 6)
    assert found["held"] > 20 * MEBIBYTE
    assert found["kept"] > found["held"] - MEBIBYTE
    assert found["faults"] < 100


@glibc_only
@pytest.mark.skipif(not has_huge_pages(HUGE_PAGES), reason="no transparent huge pages")
def test_large_blocks_go_back_and_come_in_huge_pages() -> None:
    found = looked("with", 40)
    assert found["held"] > 300 * MEBIBYTE
    assert found["kept"] < 8 * MEBIBYTE
    assert found["huge"] > 250 * MEBIBYTE
    assert looked("without", 40)["huge"] == 0


@pytest.mark.parametrize(
    ("said", "given"),
    [
        ("always [madvise] never\n", True),
        ("[always] madvise never\n", True),
        ("always madvise [never]\n", False),
        (None, False),
    ],
)
def test_huge_pages_are_what_linux_says(said: str | None, given: bool, tmp_path: Path) -> None:
    setting = tmp_path / "enabled"
    if said is not None:
        setting.write_text(said)
    assert has_huge_pages(setting) is given
