#!/bin/sh
# Install torch without the CUDA packages: install_torch.sh PYTHON REQUIREMENT
#
# On macOS and Windows the ordinary build is for the CPU already. On Linux the ordinary build
# pulls in several GB of CUDA, so a build marked "+cpu" is taken where pip can see one (a local
# folder of wheels, or the index named by DUNGEON_TORCH_INDEX); failing that, torch's own
# requirements are left out and the few that the CPU needs are installed by name.
set -eu
python=$1
requirement=$2
pip="$python -m pip --disable-pip-version-check"

if $python -c 'import torch' 2>/dev/null; then
    exit 0
fi
if [ "$(uname -s)" != Linux ]; then
    exec $pip install -qq "$requirement"
fi
if [ -n "${DUNGEON_TORCH_INDEX:-}" ]; then
    exec $pip install -qq --index-url "$DUNGEON_TORCH_INDEX" "$requirement"
fi
# A local version such as 2.13.0+cpu counts as newer than 2.13.0 and matches ==2.13.0, so the
# releases of the range are tried from the newest down, and only a CPU build is accepted.
for version in 2.13.0 2.12.0 2.11.0 2.10.0; do
    if $pip download -qq --no-deps --only-binary=:all: --dest "${TMPDIR:-/tmp}/dungeon-torch.$$" \
        "torch==$version+cpu" 2>/dev/null; then
        wheel=$(ls "${TMPDIR:-/tmp}/dungeon-torch.$$"/torch-*.whl)
        $pip install -qq "$wheel"
        rm -rf "${TMPDIR:-/tmp}/dungeon-torch.$$"
        exit 0
    fi
done
echo "    (no CPU build in reach; taking the ordinary one, which brings CUDA along)" >&2
exec $pip install -qq "$requirement"
