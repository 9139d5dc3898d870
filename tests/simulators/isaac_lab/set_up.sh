#!/bin/bash
# Makes an environment in which the real Isaac Lab 3 runs on a CPU, without Isaac Sim: about 8 GB, ten minutes.
#
#   tests/simulators/isaac_lab/set_up.sh FOLDER [python3.12]
#   FOLDER/venv/bin/python -m pytest -n0 tests/simulators/isaac_lab
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
root=$(cd "$(dirname "$0")/../../.." && pwd)
"${2:-python3.12}" -m venv "$folder/venv"
pip() { "$folder/venv/bin/python" -m pip "$@"; }

pip install --quiet --upgrade pip
pip install --quiet torch==2.11.0
# What `isaaclab` asks for beyond this is for teleoperation, training and planning.
pip install --quiet "newton[sim]==1.6.1" newton-usd-schemas warp-lang==1.17.0 usd-exchange==3.0.1 \
    "gymnasium>=1.2" rsl-rl-lib==5.5.1 "h5py>=3.15" hydra-core prettytable psutil "protobuf>=4.25.8" lazy_loader \
    einops Jinja2 scipy rich gitpython onnx toml "pillow>=12.3" botocore "pyglet>=2.1.6,<3" matplotlib tensorboard \
    fast-simplification coacd
pip install --quiet --no-deps isaaclab==3.0.0
# PhysX without Isaac Sim.
pip install --quiet --no-deps ovphysx==0.6.4.72118723 ovstage==0.2.1.385922 omniverseclient==2.74.0
# Robots, and what makes USD files of them: Isaac Lab's own come from a server.
pip install --quiet urdf-usd-converter==0.3.4 example-robot-data
pip install --quiet -e "$root[test]"
echo "Now: $folder/venv/bin/python -m pytest -n0 tests/simulators/isaac_lab"
