#!/usr/bin/env bash
# Builds, tests and measures torch-lora on a machine with a GPU, PyTorch, nvcc and CMake, from pack.tar.xz beside it
# (scripts/gpu/pack.mjs). Takes neither Node nor a network from the machine.
#
#   bash .gpu-pack/run.sh [--again] [stage...]     default, in this order (scripts/gpu/first-run.md says why):
#                          build operators tests alone kernels training figure3 figure4 inference report
#
#   build      unpacks and builds the addon, the operators and the CUDA kernels against the machine's PyTorch; stops there
#              where the kernels are missing
#   operators  the operators against float64 on the CPU through torch.ops.load_library, the small ones that the
#              sanitizer watches first
#   tests      vitest test/gpu, every file to its end; a machine whose GPU the addon does not see fails
#   alone      our side of `training`, with graphs and without
#   kernels    compute-sanitizer (memcheck, racecheck) on the kernels; skipped by name where there is none
#   training   LoRA steps of roberta-base beside PEFT, eager and compiled, without the low-rank part, and a bf16 GEMM; a
#              side that fails leaves the others' figures
#   figure3    60 epochs of SST-2, roberta-base: minutes, from some updates of them; WHOLE=1 runs every one
#   figure4    3 epochs of SST-2, deberta-v2-xlarge, likewise
#   inference  latency at 64 tokens and throughput beside transformers, eager and compiled
#   report     joins what the stages wrote into $OUT/<gpu>.json and a table, $OUT/<gpu>.md, beside what they should reach
#   cpu        the same as tests and benchmarks on the processor, small: to try the pack where there is no GPU
#
# A stage that has passed is not run again unless --again is given, so a run that was cut short goes on where it
# stopped. Each has a limit of its own in seconds (LIMIT_BUILD=240 and so on), and one that fails does not stop the rest.
# WHOLE=1 makes figure3 and figure4 run to their end.
# TORCH_LORA_PYTHON names the Python with PyTorch (python3), WORK the folder to work in, OUT that of the results.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
WORK=${WORK:-/tmp/torch-lora-gpu}
OUT=${OUT:-$WORK/bench/results}
PYTHON=${TORCH_LORA_PYTHON:-python3}
again=
[ "${1:-}" = --again ] && { again=1; shift; }
[ $# -gt 0 ] || set -- build operators tests alone kernels training figure3 figure4 inference report
mkdir -p "$WORK/.stages" "$OUT"
cd "$WORK" || exit 1
export PATH="$WORK/node/bin:$PATH" TORCH_LORA_PYTHON="$PYTHON" PYTHONUNBUFFERED=1
export TORCH_LORA_GPU_RESULTS="$WORK/.stages" TORCH_LORA_COMPILED="$WORK/compiled"

libtorch() { "$PYTHON" -c 'import os, torch; print(os.path.dirname(torch.__file__))'; }
gpu() { "$PYTHON" -c 'import torch; print(torch.cuda.is_available())' | grep -q True; }
data() { [ -d data/glue ] && printf -- '--data data/glue --tokenizer data/tokenizers/%s' "${1:-roberta-base}"; }

unpack() {
  [ "$(cat .unpacked 2> /dev/null)" = "$(cksum < "$here/pack.tar.xz")" ] && return
  "$PYTHON" -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(".", filter="tar")' "$here/pack.tar.xz" || return
  cksum < "$here/pack.tar.xz" > .unpacked
}

# Only for the GPU at hand: the other two architectures would cost the machine's minutes.
build() {
  unpack || return
  if gpu; then
    CUDAARCHS=$("$PYTHON" -c 'import torch; print("%d%d-real" % torch.cuda.get_device_capability())') || return
    export CUDAARCHS
  fi
  require_cuda
  node scripts/build-native.mjs
}

# On a machine with a GPU a build without kernels is none: CMake stops where there is no nvcc, and no test goes without.
require_cuda() { if gpu; then export TORCH_LORA_REQUIRE_CUDA=1; fi; }
on_gpu() { gpu || [ -n "${TORCH_LORA_TEST_DEVICE:-}" ] || { echo 'no GPU: nothing to test on'; return 3; }; }

operators() {
  on_gpu || return
  require_cuda
  local result=0
  "$PYTHON" -m pytest test/python/test_cuda.py -q -p no:cacheprovider -k sanitized || result=1
  "$PYTHON" -m pytest test/python/test_cuda.py -q -p no:cacheprovider -k 'not sanitized' || result=1
  return $result
}

tests() {
  on_gpu || return
  require_cuda
  node node_modules/vitest/vitest.mjs run test/gpu
}

kernels() {
  gpu || { echo 'no GPU: compute-sanitizer has nothing to watch'; return 3; }
  local sanitizer
  sanitizer=$(PATH="$PATH:${CUDA_HOME:-/usr/local/cuda}/bin" command -v compute-sanitizer) ||
    { echo 'no compute-sanitizer on PATH or in CUDA_HOME'; return 3; }
  "$sanitizer" --tool memcheck "$PYTHON" -c 'import torch; torch.ones(1, device="cuda").add_(1)' > /dev/null 2>&1 ||
    { echo "$sanitizer does not run here (it may need a newer driver, or rights that a container lacks)"; return 3; }
  require_cuda
  local tool result=0
  for tool in memcheck racecheck; do
    "$sanitizer" --tool "$tool" --error-exitcode 9 "$PYTHON" -m pytest test/python/test_cuda.py -q \
      -p no:cacheprovider -k sanitized || result=1
  done
  return $result
}

# shellcheck disable=SC2046
alone() { node --import tsx bench/gpu/training.ts --sides ours,'ours without graphs' --name alone $(data) "$@"; }
# shellcheck disable=SC2046
training() { node --import tsx bench/gpu/training.ts $(data) "$@"; }
# shellcheck disable=SC2046
inference() { node --import tsx bench/gpu/inference.ts $(data) "$@"; }
# shellcheck disable=SC2046
figure3() { node --import tsx bench/gpu/epochs.ts $(data) ${WHOLE:+--whole} "$@"; }
# shellcheck disable=SC2046
figure4() {
  node --import tsx bench/gpu/epochs.ts --model deberta-v2-xlarge --steps 500 $(data deberta-v3) ${WHOLE:+--whole} "$@"
}
report() { node --import tsx bench/gpu/report.ts "$OUT"; }

cpu() {
  export TORCH_LORA_TEST_DEVICE=cpu
  operators || return
  tests || return
  node node_modules/vitest/vitest.mjs run test/program.test.ts test/ops || return
  training --device cpu --dtype float32 --layers 1 --batches 2 --rounds 1 || return
  inference --device cpu --dtype float32 --layers 1 --texts 32 --rounds 1 || return
  local figure
  for figure in figure3 figure4; do
    $figure --device cpu --dtype float32 --layers 1 --steps 8
    case $? in 0 | 3) ;; *) return 1 ;; esac
  done
  report
}

status=0
for stage in "$@"; do
  if [ -z "$again" ] && [ -e ".stages/$stage.passed" ]; then echo "== $stage: passed before"; continue; fi
  limit="LIMIT_${stage^^}"
  case $stage in
    build) seconds=${!limit:-420} ;;
    operators | tests) seconds=${!limit:-240} ;;
    alone) seconds=${!limit:-120} ;;
    kernels) seconds=${!limit:-300} ;;
    training | inference) seconds=${!limit:-600} ;; # torch.compile alone takes one to three minutes
    figure3 | figure4) seconds=${!limit:-${WHOLE:+1800}} seconds=${seconds:-240} ;;
    report) seconds=${!limit:-30} ;;
    cpu) seconds=${!limit:-1800} ;;
    *) echo "no stage '$stage'"; exit 2 ;;
  esac
  echo "== $stage (at most $seconds s)"
  began=$SECONDS
  export -f libtorch gpu data unpack build require_cuda on_gpu operators tests alone kernels training inference figure3 figure4 report cpu
  export here WORK OUT PYTHON
  export WHOLE=${WHOLE:-}
  TORCH_LORA_LIBTORCH=$(libtorch) timeout -k 5 "$seconds" bash -c "$stage" 2>&1 | tee "$OUT/$stage.log"
  code=${PIPESTATUS[0]}
  took=$((SECONDS - began))
  case $code in
    0) touch ".stages/$stage.passed"; echo "== $stage passed in $took s" ;;
    3) echo "== $stage skipped" ;;
    124 | 137) echo "== $stage ran past $seconds s"; status=1 ;;
    *) echo "== $stage failed with code $code after $took s"; status=1 ;;
  esac
done
exit $status
