// Graphs on CUDA, by libtorch's own CUDAGraph: its random numbers differ from replay to replay, and its allocator gives
// a capture memory that nothing else gets.
#include "ops/pch.h"

#include <ATen/Context.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "ops/device_graph.h"

namespace torch_lora::cuda {
namespace {

class Graph final : public DeviceGraph {
 public:
  explicit Graph(c10::cuda::CUDAStream stream) : stream_(stream) {}
  ~Graph() override {
    // One under way may not lose its memory.
    C10_CUDA_IGNORE_ERROR(cudaStreamSynchronize(stream_));
  }
  void replay() override { graph_.replay(); }

  at::cuda::CUDAGraph& get() { return graph_; }

 private:
  c10::cuda::CUDAStream stream_;
  at::cuda::CUDAGraph graph_;
};

class Maker final : public GraphMaker {
 public:
  explicit Maker(c10::Device device)
      : index_(device.index()),
        stream_(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, index_)),
        pool_(at::cuda::graph_pool_handle()) {
    const c10::cuda::CUDAGuard guard(index_);
    C10_CUDA_CHECK(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming));
  }
  ~Maker() override { C10_CUDA_IGNORE_ERROR(cudaEventDestroy(event_)); }

  void on_stream(const std::function<void()>& work) override {
    const c10::cuda::CUDAGuard guard(index_);
    const c10::cuda::CUDAStream outside = c10::cuda::getCurrentCUDAStream();
    order(outside, stream_);
    const c10::cuda::CUDAStreamGuard inside(stream_);
    try {
      work();
    } catch (...) {
      order(stream_, outside);
      throw;
    }
    order(stream_, outside);
  }

  std::unique_ptr<DeviceGraph> capture(std::function<void()> work) override {
    auto graph = std::make_unique<Graph>(stream_);
    const at::Generator before = generator().clone();
    try {
      // Thread-local: what other threads ask of CUDA meanwhile (the event loop's copies) is none of the capture's
      // business.
      graph->get().capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
      work();
      graph->get().capture_end();
    } catch (...) {
      abandon(*graph, before);
      throw;
    }
    return graph;
  }

 private:
  // Everything given to `second` from here on waits for what `first` has been given.
  void order(c10::cuda::CUDAStream first, c10::cuda::CUDAStream second) {
    C10_CUDA_CHECK(cudaEventRecord(event_, first));
    C10_CUDA_CHECK(cudaStreamWaitEvent(second, event_, 0));
  }

  at::Generator generator() const { return at::globalContext().defaultGenerator({c10::DeviceType::CUDA, index_}); }

  // capture_end throws for a capture that has become invalid, in some releases before it has given the allocator and
  // the generator back: both are left as if nothing had been captured.
  void abandon(Graph& graph, const at::Generator& before) {
    const auto attempt = [](auto body) {
      try {
        body();
      } catch (const std::exception&) {
        // It has been ended before.
      }
    };
    attempt([&] { graph.get().capture_end(); });
    attempt([&] { graph.get().reset(); });
    attempt([&] { c10::cuda::CUDACachingAllocator::endAllocateToPool(index_, pool_); });
    (void)cudaGetLastError();
    generator().graphsafe_set_state(before);
  }

  c10::DeviceIndex index_;
  c10::cuda::CUDAStream stream_;
  decltype(at::cuda::graph_pool_handle()) pool_;
  cudaEvent_t event_ = nullptr;
};

std::unique_ptr<GraphMaker> make(c10::Device device) { return std::make_unique<Maker>(device); }

const bool registered = [] {
  register_graphs(c10::DeviceType::CUDA, make);
  return true;
}();

}  // namespace
}  // namespace torch_lora::cuda
