// Graphs on CUDA, by libtorch's own CUDAGraph: its random numbers differ from replay to replay, and its allocator gives
// a capture memory that nothing else gets.
#include "ops/pch.h"

#include <ATen/core/CachingHostAllocator.h>
#include <ATen/cuda/CUDAGeneratorImpl.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <map>
#include <mutex>
#include <optional>

#include "ops/beside.h"
#include "ops/capture_turn.h"
#include "ops/device_graph.h"

namespace torch_lora::cuda {
namespace {

namespace device_memory = c10::cuda::CUDACachingAllocator;

class Event {
 public:
  Event() { C10_CUDA_CHECK(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming)); }
  ~Event() { C10_CUDA_IGNORE_ERROR(cudaEventDestroy(event_)); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  cudaEvent_t get() const { return event_; }

  // Everything given to `second` from here on waits for what `first` has been given.
  void order(cudaStream_t first, cudaStream_t second) const {
    C10_CUDA_CHECK(cudaEventRecord(event_, first));
    C10_CUDA_CHECK(cudaStreamWaitEvent(second, event_, 0));
  }

 private:
  cudaEvent_t event_ = nullptr;
};

// Those of libtorch's pool come back after 32: then two threads that capture would have one stream.
class RawStream {
 public:
  RawStream() { C10_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~RawStream() { C10_CUDA_IGNORE_ERROR(cudaStreamDestroy(stream_)); }
  RawStream(const RawStream&) = delete;
  RawStream& operator=(const RawStream&) = delete;

  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

// A stream that graphs are made on, and one beside it. Made with its device current.
class OwnStream {
 public:
  explicit OwnStream(c10::DeviceIndex index) : index_(index) {
    const std::lock_guard lock(mutex());
    all()[raw()] = this;
  }
  ~OwnStream() {
    const std::lock_guard lock(mutex());
    all().erase(raw());
  }
  OwnStream(const OwnStream&) = delete;
  OwnStream& operator=(const OwnStream&) = delete;

  // Null for streams that are not ours.
  static const OwnStream* of(cudaStream_t stream) {
    const std::lock_guard lock(mutex());
    const auto found = all().find(stream);
    return found == all().end() ? nullptr : found->second;
  }

  c10::cuda::CUDAStream get() const { return c10::cuda::getStreamFromExternal(raw(), index_); }
  cudaStream_t raw() const { return stream_.get(); }

  // Both pieces of work wait for all before them, and all after them waits for both: what either lets go is taken again
  // by what comes later alone, whichever stream it was made on.
  void beside(const Work& aside, const Work& work) const {
    event_.order(raw(), aside_.get());
    try {
      {
        const c10::cuda::CUDAStreamGuard there(c10::cuda::getStreamFromExternal(aside_.get(), index_));
        aside();
      }
      work();
    } catch (...) {
      event_.order(aside_.get(), raw());
      throw;
    }
    event_.order(aside_.get(), raw());
  }

 private:
  // Never destroyed: threads may outlive this file's statics.
  static std::mutex& mutex() {
    static auto& instance = *new std::mutex();
    return instance;
  }
  static std::map<cudaStream_t, const OwnStream*>& all() {
    static auto& instance = *new std::map<cudaStream_t, const OwnStream*>();
    return instance;
  }

  c10::DeviceIndex index_;
  RawStream stream_, aside_;
  Event event_;
};

// One a thread and device, for all its programs: what one has left in the allocator's cache serves the next.
std::shared_ptr<OwnStream> stream_of_thread(c10::DeviceIndex index) {
  thread_local std::map<c10::DeviceIndex, std::shared_ptr<OwnStream>> streams;
  std::shared_ptr<OwnStream>& stream = streams[index];
  if (!stream) {
    const c10::cuda::CUDAGuard guard(index);
    stream = std::make_shared<OwnStream>(index);
  }
  return stream;
}

// CUDAGraph, and what it leaves undone where a capture fails: capture_end throws for a capture that has become invalid,
// up to libtorch 2.12 before it has given the allocators and the generator back; from 2.14 on reset() does that.
class LibtorchGraph final : public at::cuda::CUDAGraph {
 public:
  // All is as if nothing had been captured: graphs captured before go on with the generator that they know.
  // `allocating`: whether the pool had been given to this capture.
  void abandon(c10::DeviceIndex index, at::cuda::MempoolId_t pool, bool allocating) {
    attempt([&] { capture_end(); });
    if (allocating && !capture_ended_ && !gives_back(*this)) {
      attempt([&] { device_memory::endAllocateToPool(index, pool); });
      attempt([&] { host_memory().end_allocate_to_pool(pool); });
      attempt([&] { device_memory::releasePool(index, pool); });
      attempt([&] { host_memory().release_pool(pool); });
    }
    for (auto& generator : captured_generator_states_) end_capturing(*generator.first);
    attempt([&] { reset(); });
    (void)cudaGetLastError();
  }

 private:
  template <class Body>
  static void attempt(const Body& body) {
    try {
      body();
    } catch (const std::exception&) {
      // It has been ended before.
    }
  }
  // Whether reset() knows of a pool that a failed capture has taken.
  template <class Self>
  static constexpr bool gives_back(const Self&) {
    return requires(const Self& self) { self.allocated_pool_; };
  }
  static at::HostAllocator& host_memory() { return *at::getHostAllocator(at::kCUDA); }
  // Where a state has one flag for all captures; later each capture has a state of its own, which reset() drops.
  template <class State>
  static void end_capturing(State& state) {
    if constexpr (requires { state.capturing_; }) state.capturing_ = false;
  }
};

class Graph final : public DeviceGraph {
 public:
  explicit Graph(std::shared_ptr<OwnStream> stream) : stream_(std::move(stream)) {}
  ~Graph() override {
    // One under way may not lose its memory.
    C10_CUDA_IGNORE_ERROR(cudaStreamSynchronize(stream_->raw()));
    // The generator counts the graphs that know it, without a lock of its own.
    const CaptureTurn turn;
    graph_.reset();
  }
  void replay() override {
    const RandomTurn turn;  // it moves the generator on
    graph_->replay();
  }

  LibtorchGraph& get() { return *graph_; }

 private:
  std::shared_ptr<OwnStream> stream_;
  std::optional<LibtorchGraph> graph_{std::in_place};
};

class Maker final : public GraphMaker {
 public:
  explicit Maker(c10::Device device) : index_(device.index()), pool_(at::cuda::graph_pool_handle()) {}

  void on_stream(const std::function<void()>& work) override {
    const c10::cuda::CUDAGuard guard(index_);
    if (!stream_) {
      stream_ = stream_of_thread(index_);
      event_ = std::make_unique<Event>();
    }
    const c10::cuda::CUDAStream outside = c10::cuda::getCurrentCUDAStream();
    const c10::cuda::CUDAStream own = stream_->get();
    event_->order(outside, own);
    const c10::cuda::CUDAStreamGuard inside(own);
    try {
      work();
    } catch (...) {
      event_->order(own, outside);
      throw;
    }
    event_->order(own, outside);
  }

  std::unique_ptr<DeviceGraph> capture(std::function<void()> work) override {
    const CaptureTurn turn;
    auto graph = std::make_unique<Graph>(stream_);
    const int users = pool_users();
    try {
      // Thread-local: what other threads ask of CUDA meanwhile (the event loop's copies) is none of the capture's
      // business.
      graph->get().capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
      work();
      graph->get().capture_end();
    } catch (...) {
      graph->get().abandon(index_, pool_, pool_users() > users);
      // One that nobody uses any more is given back, and must not be taken again.
      if (users == 0) pool_ = at::cuda::graph_pool_handle();
      throw;
    }
    return graph;
  }

  std::function<void()> mark() override {
    const c10::cuda::CUDAGuard guard(index_);
    const auto event = std::make_shared<Event>();
    C10_CUDA_CHECK(cudaEventRecord(event->get(), c10::cuda::getCurrentCUDAStream()));
    return [event, index = index_] {
      const c10::cuda::CUDAGuard guard(index);
      C10_CUDA_CHECK(cudaEventSynchronize(event->get()));
    };
  }

  void free_memory() override {
    const RandomTurn turn;
    device_memory::emptyCache();
  }

 private:
  // libtorch knows no pool before its first capture, and fails an assertion.
  int pool_users() const {
    try {
      return device_memory::getPoolUseCount(index_, pool_);
    } catch (const c10::Error&) {
      return 0;
    }
  }

  c10::DeviceIndex index_;
  decltype(at::cuda::graph_pool_handle()) pool_;
  std::shared_ptr<OwnStream> stream_;  // of the thread that runs the program
  std::unique_ptr<Event> event_;
};

std::unique_ptr<GraphMaker> make(c10::Device device) { return std::make_unique<Maker>(device); }

// Where graphs are made, since there a fork costs no launch, and what libraries keep for each stream is there before a
// capture asks for it.
void beside_on_own_streams(const Work& aside, const Work& work) {
  if (const OwnStream* const own = OwnStream::of(c10::cuda::getCurrentCUDAStream())) return own->beside(aside, work);
  aside();
  work();
}

const bool registered = [] {
  register_graphs(c10::DeviceType::CUDA, make);
  register_beside(c10::DeviceType::CUDA, beside_on_own_streams);
  return true;
}();

}  // namespace
}  // namespace torch_lora::cuda
