// The GPU's tiles of disentangled attention as one thread of the processor runs them, for test_disentangled_tiles.py.
#include <memory>

#include "attention_call.h"

namespace {

using namespace torch_lora;

struct HostBlock {
  int thread = 0, threads = 1;
  void sync() const {}
  void add(double* sum, double value) const { *sum += value; }
};

}  // namespace

extern "C" void run_tiles(const AttentionCall& call) {
  auto a = arguments_of(call);
  const auto memory = std::make_unique<double[]>(tiles::Shared<double>::elements(a.head_size));
  const HostBlock block;
  const auto each = [&](const auto& body) { each_place(a, call.sequences, tiles::kTile, body); };
  each([&](const tiles::Place& at) { tiles::forward(block, a, at, memory.get()); });
  row_products(a, call.delta);
  each([&](const tiles::Place& at) { tiles::backward_queries(block, a, at, memory.get()); });
  each([&](const tiles::Place& at) { tiles::backward_keys(block, a, at, memory.get()); });
}
