"""Building a network loads no more of torch than it needs."""

import subprocess
import sys

SCRIPT = """
import sys
from glassbert.model.config import EncoderConfig
from glassbert.model.network import Network
Network(EncoderConfig(hidden_size=12, num_attention_heads=3, num_hidden_layers=1), seed=None)
sys.exit("torch._dynamo" in sys.modules)
"""


def test_building_a_network_does_not_import_the_compiler() -> None:
    assert subprocess.run([sys.executable, "-c", SCRIPT]).returncode == 0
