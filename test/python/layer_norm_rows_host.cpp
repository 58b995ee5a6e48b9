// The GPU's rows of dropout_add_layer_norm as threads of the processor run them, for test_layer_norm_rows.py.
#include "cuda/layer_norm_rows.h"
#include "host_block.h"

namespace {

using namespace torch_lora;

template <int V, int K>
void run(const cuda::NormForward<double, double>& forward, const cuda::NormBackward<double, double>& backward,
         int threads) {
  run_block<double>(threads, [&](const HostBlock<double>& block) {
    for (int64_t row = 0; row < forward.rows; ++row) cuda::norm_forward<V, K>(block, forward, row);
    block.sync();
    for (int64_t row = 0; row < backward.rows; ++row) cuda::norm_backward<V, K>(block, backward, row);
  });
}

}  // namespace

// All [rows, H] or [H], contiguous. Returns whether rows in registers, `held`, can be that long.
extern "C" bool run_rows(const double* x, const double* residual, const double* weight, const double* bias,
                         int64_t rows, int64_t hidden, double eps, double p, int64_t seed, bool held, int threads,
                         double* y, double* normalized, double* rstd, const double* dy, double* dx, double* dresidual) {
  constexpr int V = 2, K = 4;
  if (held && (hidden % V != 0 || hidden > V * K * threads)) return false;
  const cuda::Dropout<double> dropout{p > 0, {0, &seed}, drop_bound(p), keep_scale(p)};
  const cuda::NormForward<double, double> forward{x,    residual, weight, bias, y,      normalized,
                                                  rstd, rows,     hidden, eps,  dropout};
  const cuda::NormBackward<double, double> backward{dy, normalized, rstd, weight, dx, dresidual, rows, hidden, dropout};
  held ? run<V, K>(forward, backward, threads) : run<1, 0>(forward, backward, threads);
  return true;
}

// dweight and dbias [parts, H].
extern "C" void run_parameters(const double* dy, const double* normalized, int64_t rows, int64_t hidden,
                               int64_t rows_of_part, double* dweight, double* dbias) {
  const cuda::NormParameters<double, double> a{dy, normalized, dweight, dbias, rows, hidden, rows_of_part};
  std::vector<double> memory(2 * cuda::kStrip * cuda::kStripLanes);
  for (int64_t strip = 0; strip * cuda::kStrip < hidden; ++strip) {
    for (int64_t part = 0; part * rows_of_part < rows; ++part) {
      run_block<double>(cuda::kStrip * cuda::kStripLanes, [&](const HostBlock<double>& block) {
        cuda::norm_parameters(block, a, strip, part, memory.data());
      });
    }
  }
}
