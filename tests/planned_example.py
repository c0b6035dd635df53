"""An example of config/ planned by the real program against a served simulator."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from optimizer.simulator import RealClock, Simulator, SimulatorOptions, bundled_recording

CONFIG = Path(__file__).parents[1] / "config"


def planned_example(name: str, folder: Path, *beside: str) -> dict[str, Any]:
    """The plan as JSON; ``beside`` are files that the example reads. Fails where planning does, or where it posts."""
    simulator = Simulator(SimulatorOptions(), bundled_recording(), RealClock())
    for other in beside:
        shutil.copy(CONFIG / other, folder)
    file = folder / "site.toml"
    with simulator.serve() as addresses:
        text = (CONFIG / f"{name}.toml").read_text(encoding="utf-8")
        text = text.replace("https://cloud.example.com", addresses.heat_url)
        text = text.replace('{credential = "heat-cloud-api-key"}', '{env = "TEST_HEAT_KEY"}')
        file.write_text(text.replace("00000000-0000-0000-0000-000000000001", simulator.options.site_id))
        done = subprocess.run(
            [sys.executable, "-m", "optimizer", "plan", "--config", str(file), "--format", "json"],
            env=os.environ | {"TEST_HEAT_KEY": simulator.options.api_key},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert simulator.posts == []
    plan: dict[str, Any] = json.loads(done.stdout)
    return plan
