"""`glassbert look landscape`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
import signal
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from glassbert.lens.landscape_record import LandscapeRecord
from glassbert.runs.ground import open_ground
from tests.cli.process import Answer, begin, ended

Inside = Callable[..., Answer]
QUICK = ("--points", "40", "--products", "4", "--rows", "16")


def look(inside: Inside, run: Path, *words: str | Path) -> Answer:
    return inside("look", "landscape", run, *words)


def test_the_trajectory_is_the_default_and_every_file_holds_the_record(
    inside: Inside, finished: Path, tmp_path: Path
) -> None:
    binary, plain = tmp_path / "look.gbr", tmp_path / "look.json"
    answer = look(inside, finished, *QUICK, "-o", binary)
    assert (answer.code, answer.out) == (0, f"{binary}\n")
    assert "up to 40 evaluations and 4 Hessian-vector products: about " in answer.err
    record = LandscapeRecord.from_bytes(binary.read_bytes())
    assert record.kind == "trajectory" and record.waypoints[0].step == 0
    assert 0.5 < record.variance.sum() <= 1 + 1e-9
    assert [(each.name, each.rows) for each in record.surfaces] == [("training", 16), ("held-out", 16)]
    said = look(inside, finished, *QUICK, "-o", plain, "--json").json
    written = json.loads(plain.read_text(encoding="utf-8"))
    assert written["points"] == record.points.tolist()
    assert said["losses"] == {each.name: each.losses.tolist() for each in record.waypoints}
    assert said["largest_eigenvalue"] == record.curvature.top
    assert look(inside, finished, *QUICK, "-o", plain).code == 73


def test_between_goes_through_the_named_models(inside: Inside, finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "line.gbr"
    assert look(inside, finished, "--plane", "between", "pretrained", "final", *QUICK, "-o", out).code == 0
    record = LandscapeRecord.from_bytes(out.read_bytes())
    assert record.kind == "line" and [each.name for each in record.waypoints] == ["pretrained", "final"]
    from glassbert.lens.landscaping.samples import Sample, mean_loss

    ground = open_ground(finished)
    sample = Sample(**vars(ground.losses(rows=16)[0]))
    assert record.at((1.0,))[0] == mean_loss(sample) == record.waypoints[1].losses[0]
    answer = look(inside, finished, "--plane", "between", "pretrained", "final", "scratch", *QUICK)
    assert answer.out.startswith("plane through pretrained to final to scratch, ")
    assert "largest eigenvalue of the Hessian" in answer.out


def test_a_random_plane_is_drawn_by_its_seed(inside: Inside, finished: Path, tmp_path: Path) -> None:
    outs = [tmp_path / f"{number}.gbr" for number in range(2)]
    for out in outs:
        words = ("--plane", "random", "--seed", "4", "--radius", "0.5", *QUICK, "-o", out)
        assert look(inside, finished, *words).code == 0
    one, two = (LandscapeRecord.from_bytes(out.read_bytes()) for out in outs)
    assert one.high.tolist() == [0.5, 0.5]
    np.testing.assert_array_equal(one.surfaces[0].values, two.surfaces[0].values)


@pytest.mark.parametrize("plane", [("random",), ("between", "pretrained", "final")])
def test_the_svg_holds_every_measured_loss(
    inside: Inside, finished: Path, tmp_path: Path, plane: tuple[str, ...]
) -> None:
    out, record_file = tmp_path / "look.svg", tmp_path / "look.gbr"
    for path in (out, record_file):
        assert look(inside, finished, "--plane", *plane, *QUICK, "-o", path).code == 0
    record = LandscapeRecord.from_bytes(record_file.read_bytes())
    root = ElementTree.parse(out).getroot()
    drawn = sorted(float(each.get("data-loss")) for each in root.iter() if each.get("data-loss"))
    assert drawn == sorted(value for surface in record.surfaces for value in surface.values.tolist())
    if len(plane) == 1:
        namespace = "{http://www.w3.org/2000/svg}"
        panels = list(root.iter(f"{namespace}g"))
        for panel, surface in zip(panels, record.surfaces, strict=True):
            assert panel.find(f"{namespace}text").text == surface.name
            inside = [float(each.get("data-loss")) for each in panel.iter() if each.get("data-loss")]
            assert inside == surface.values.tolist()
            corners = [rect.get("data-corners") for rect in panel.iter(f"{namespace}rect")]
            assert len(corners) == len(record.cells)
            assert corners[3] == ",".join(f"{each:.6g}" for each in surface.values[record.cells[3]].tolist())
        colours = {}
        for panel in panels:
            for rect in panel.iter(f"{namespace}rect"):
                mean = np.log([float(each) for each in rect.get("data-corners").split(",")]).mean()
                colours.setdefault(rect.get("fill"), []).append(float(mean))
        # one scale: a colour stands for the same loss in both panels
        spread = max(max(means) - min(means) for means in colours.values())
        assert spread < 0.01 * (max(map(max, colours.values())) - min(map(min, colours.values())))


def test_the_page_is_written(inside: Inside, finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "look.html"
    assert look(inside, finished, "--plane", "random", *QUICK, "-o", out).code == 0
    assert b"finished, loss landscape" in out.read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--plane", "flat"), "bad-plane: --plane is 'flat' — choose trajectory, random, between"),
        (("--plane", "between", "final"), "is given 1 models — name two for a line or three for a plane"),
        (("--plane", "between", "final", "final"), "a model is named twice"),
        (("--plane", "random", "final"), "takes no models, and 'final' is given"),
        (("--plane", "random", "--radius", "0"), "--radius is 0.0 — give a number above 0"),
        (("--points", "5"), "too-few-points: points is 5 — give at least "),
        (("--budget", "0.001s"), "do not suffice: the coarsest picture takes"),
        (("-o", "page.txt"), "unknown-format: "),
    ],
)
def test_what_cannot_be_done_is_refused(
    inside: Inside, finished: Path, words: tuple[str, ...], message: str
) -> None:
    answer = look(inside, finished, *words)
    assert answer.code == 2 and message in answer.err
    assert answer.out == ""


def test_a_model_that_is_no_run_is_refused(inside: Inside, encoder: Path) -> None:
    answer = look(inside, encoder, "--plane", "random")
    assert answer.code == 66 and "no run here" in answer.err


@pytest.mark.parametrize("name", ["nosuchrun", "minilm", "n" * 300])
def test_only_a_finished_run_is_suggested(inside: Inside, name: str) -> None:
    answer = look(inside, Path(name))
    assert answer.code == 66 and "no-run: " in answer.err
    assert "give the directory of a finished run" in answer.err
    assert "model directory" not in answer.err and "hub id" not in answer.err


@pytest.mark.slow
def test_an_interruption_keeps_what_was_measured(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "look.gbr"
    words = ("look", "landscape", finished, "--plane", "random", "--products", "0", "--points", "100000")
    process = begin(*words, "-o", out, cwd=tmp_path)
    for line in process.stderr:
        if b"evaluation" in line and b"of at most" in line:
            break
    answer = ended(process, by=signal.SIGINT)
    record = LandscapeRecord.from_bytes(out.read_bytes())
    assert answer.code == 130 and record.stopped == "interrupted"
    assert f"the picture holds the {len(record.points)} points that were measured" in answer.err
