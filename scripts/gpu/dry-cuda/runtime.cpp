// A CUDA runtime for machines without a GPU: libtorch's own code and ours run on it as they would on a card, but for
// the kernels, which are written down instead of run. Device memory is the processor's, copies are made, streams do
// their work at once, and a stream's capture gathers what a replay then repeats, under CUDA's own rules for what may
// not be asked for meanwhile. What comes of it: which kernels a program launches, how many, what waits for the device,
// and whether a capture would be refused. Values mean nothing.
//
// DRY_CUDA_TRACE names a file that receives a JSON line for each graph and each launch outside of one; DRY_CUDA_BYTES
// is the size of the card. Symbols that are not here give success (build.mjs).
#include <cuda_runtime_api.h>
#include <cxxabi.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

struct Node {
  std::string name;
  std::function<void()> again;  // what a replay does; empty for a kernel
  bool beside;                  // on a stream that the capture has forked
};

struct Capture;

struct Graph {
  std::vector<Node> nodes;
};

struct Event {
  std::shared_ptr<Capture> capture;  // recorded within it
  cudaStream_t stream = nullptr;
};

struct Capture {
  unsigned long long id;
  cudaStream_t origin;
  cudaStreamCaptureMode mode;
  std::set<cudaStream_t> forked;  // have work that the origin has not waited for
  Graph graph;
  bool invalid = false;
};

struct World {
  std::recursive_mutex mutex;
  std::unordered_map<const void*, std::string> kernels;
  std::map<char*, size_t> device, host;
  size_t used = 0, total = 80ull << 30;
  std::map<cudaStream_t, std::shared_ptr<Capture>> capturing;
  std::map<cudaEvent_t, Event> events;
  unsigned long long captures = 0;
  FILE* trace = nullptr;

  World() {
    if (const char* bytes = getenv("DRY_CUDA_BYTES")) total = strtoull(bytes, nullptr, 10);
    if (const char* path = getenv("DRY_CUDA_TRACE")) trace = fopen(path, "a");
  }
};

World& world() {
  static auto& instance = *new World();
  return instance;
}

using Lock = std::lock_guard<std::recursive_mutex>;

thread_local cudaError_t last = cudaSuccess;
thread_local cudaStreamCaptureMode thread_mode = cudaStreamCaptureModeGlobal;
thread_local int device = 0;
thread_local std::vector<std::shared_ptr<Capture>> begun;  // by this thread

cudaError_t give(cudaError_t error) {
  if (error != cudaSuccess) last = error;
  return error;
}

std::string demangled(const char* name) {
  int status = 0;
  char* const plain = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string result = status == 0 ? plain : name;
  free(plain);
  return result;
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

void tell(const std::string& line) {
  World& w = world();
  if (w.trace == nullptr) return;
  fputs((line + "\n").c_str(), w.trace);
  fflush(w.trace);
}

std::shared_ptr<Capture> capture_of(cudaStream_t stream) {
  World& w = world();
  const auto found = w.capturing.find(stream);
  return found == w.capturing.end() ? nullptr : found->second;
}

// Calls that a capture does not bear: those of the capturing thread, and of every thread in the global mode.
bool forbidden() {
  if (thread_mode == cudaStreamCaptureModeRelaxed) return false;
  World& w = world();
  bool found = false;
  for (const auto& [stream, capture] : w.capturing) {
    const bool own = std::find(begun.begin(), begun.end(), capture) != begun.end();
    if ((own && capture->mode != cudaStreamCaptureModeRelaxed) || capture->mode == cudaStreamCaptureModeGlobal) {
      capture->invalid = true;
      found = true;
    }
  }
  return found;
}

// Runs at once, or becomes a node.
cudaError_t work(cudaStream_t stream, const std::string& name, std::function<void()> body) {
  World& w = world();
  const Lock lock(w.mutex);
  if (const auto capture = capture_of(stream)) {
    if (capture->invalid) return give(cudaErrorStreamCaptureInvalidated);
    const bool beside = stream != capture->origin;
    capture->graph.nodes.push_back({name, std::move(body), beside});
    if (beside) capture->forked.insert(stream);
    return cudaSuccess;
  }
  if (body) body();
  tell("{\"launch\":" + quoted(name) + "}");
  return cudaSuccess;
}

cudaError_t synchronize(const char* what) {
  tell("{\"wait\":\"" + std::string(what) + "\"}");
  return cudaSuccess;
}

void* allocate(std::map<char*, size_t>& of, size_t bytes) {
  const size_t whole = (bytes + 4095) / 4096 * 4096;
  void* const memory = mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  of[static_cast<char*>(memory)] = whole;
  return memory;
}

bool within(const std::map<char*, size_t>& of, const void* pointer) {
  auto found = of.upper_bound(const_cast<char*>(static_cast<const char*>(pointer)));
  if (found == of.begin()) return false;
  --found;
  return static_cast<const char*>(pointer) < found->first + found->second;
}

std::string copy_name(const void* to, const void* from) {
  const World& w = world();
  const char* const a = within(w.device, from) ? "device" : within(w.host, from) ? "pinned" : "host";
  const char* const b = within(w.device, to) ? "device" : within(w.host, to) ? "pinned" : "host";
  return std::string("copy ") + a + " to " + b;
}

}  // namespace

extern "C" {

// Also for blas.cpp.
cudaError_t dry_cuda_launch(cudaStream_t stream, const char* name) { return work(stream, name, nullptr); }

// ---- kernels ----

void** __cudaRegisterFatBinary(void*) {
  static void* handle;
  return &handle;
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
void __cudaRegisterVar(void**, char*, char*, const char*, int, size_t, int, int) {}
void __cudaRegisterFunction(void**, const char* host, char*, const char* name, int, uint3*, uint3*, dim3*, dim3*,
                            int*) {
  const Lock lock(world().mutex);
  world().kernels.emplace(host, name);
}

struct Configuration {
  dim3 grid, block;
  size_t shared;
  void* stream;
};
static thread_local std::vector<Configuration> configurations;

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, void* stream) {
  configurations.push_back({grid, block, shared, stream});
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared, void* stream) {
  const Configuration& top = configurations.back();
  *grid = top.grid;
  *block = top.block;
  *shared = top.shared;
  *static_cast<void**>(stream) = top.stream;
  configurations.pop_back();
  return cudaSuccess;
}

static cudaError_t launch(const void* kernel, dim3 grid, dim3 block, size_t shared, cudaStream_t stream) {
  if (size_t{block.x} * block.y * block.z > 1024 || block.x == 0 || grid.x == 0 || grid.y == 0 || grid.z == 0 ||
      grid.y > 65535 || grid.z > 65535)
    return give(cudaErrorInvalidConfiguration);
  const auto found = world().kernels.find(kernel);
  const std::string name = found == world().kernels.end() ? "unknown kernel" : demangled(found->second.c_str());
  return work(stream, name + " <" + std::to_string(size_t{grid.x} * grid.y * grid.z) + " blocks>", nullptr);
}
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* host) {
  *kernel = reinterpret_cast<cudaKernel_t>(const_cast<void*>(host));
  return cudaSuccess;
}
cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void**, size_t shared, cudaStream_t stream) {
  return launch(kernel, grid, block, shared, stream);
}
cudaError_t cudaLaunchKernel(const void* f, dim3 grid, dim3 block, void**, size_t shared, cudaStream_t stream) {
  return launch(f, grid, block, shared, stream);
}
cudaError_t cudaLaunchCooperativeKernel(const void* f, dim3 grid, dim3 block, void**, size_t shared,
                                        cudaStream_t stream) {
  return launch(f, grid, block, shared, stream);
}
cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* f, void**) {
  return launch(f, config->gridDim, config->blockDim, config->dynamicSmemBytes, config->stream);
}
cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute attribute, int value) {
  const bool fits = attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || (value >= 0 && value <= 232448);
  return give(fits ? cudaSuccess : cudaErrorInvalidValue);
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void*) {
  *attributes = {};
  attributes->maxThreadsPerBlock = 1024;
  attributes->numRegs = 32;
  attributes->binaryVersion = attributes->ptxVersion = 90;
  attributes->maxDynamicSharedSizeBytes = 232448;
  return cudaSuccess;
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void*, int threads, size_t) {
  *blocks = 2048 / (threads > 0 ? threads : 1);
  return cudaSuccess;
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, const void* f, int threads,
                                                                   size_t shared, unsigned) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, f, threads, shared);
}

// ---- errors and the device ----

cudaError_t cudaGetLastError() {
  const cudaError_t error = last;
  last = cudaSuccess;
  return error;
}
cudaError_t cudaPeekAtLastError() { return last; }
const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case cudaErrorStreamCaptureInvalidated:
      return "operation failed due to a previous error during capture";
    case cudaErrorStreamCaptureUnjoined:
      return "capture has unjoined work";
    case cudaErrorInvalidValue:
      return "invalid argument";
    default:
      return "an error of the dry runtime";
  }
}
const char* cudaGetErrorName(cudaError_t error) { return cudaGetErrorString(error); }

cudaError_t cudaGetDeviceCount(int* count) {
  const char* const given = getenv("DRY_CUDA_DEVICES");
  *count = given ? atoi(given) : 1;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* index) {
  *index = device;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int index) {
  device = index;
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
// As an H100's.
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  strcpy(properties->name, "dry CUDA");
  properties->totalGlobalMem = world().total;
  properties->sharedMemPerBlock = 49152;
  properties->sharedMemPerBlockOptin = 232448;
  properties->sharedMemPerMultiprocessor = 233472;
  properties->regsPerBlock = properties->regsPerMultiprocessor = 65536;
  properties->warpSize = 32;
  properties->maxThreadsPerBlock = 1024;
  properties->maxThreadsPerMultiProcessor = 2048;
  properties->maxThreadsDim[0] = properties->maxThreadsDim[1] = 1024;
  properties->maxThreadsDim[2] = 64;
  properties->maxGridSize[0] = 2147483647;
  properties->maxGridSize[1] = properties->maxGridSize[2] = 65535;
  const char* const capability = getenv("DRY_CUDA_CAPABILITY");
  properties->major = capability ? atoi(capability) / 10 : 9;
  properties->minor = capability ? atoi(capability) % 10 : 0;
  properties->multiProcessorCount = 132;
  properties->l2CacheSize = 50 << 20;
  properties->unifiedAddressing = 1;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int index) {
  cudaDeviceProp properties;
  cudaGetDeviceProperties(&properties, index);
  switch (attribute) {
    case cudaDevAttrComputeCapabilityMajor:
      *value = properties.major;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = properties.minor;
      break;
    case cudaDevAttrMultiProcessorCount:
      *value = properties.multiProcessorCount;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = static_cast<int>(properties.sharedMemPerBlockOptin);
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = static_cast<int>(properties.sharedMemPerBlock);
      break;
    case cudaDevAttrMaxThreadsPerBlock:
      *value = properties.maxThreadsPerBlock;
      break;
    case cudaDevAttrWarpSize:
      *value = properties.warpSize;
      break;
    default:
      *value = 0;
  }
  return cudaSuccess;
}
cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  *least = 0;
  *greatest = -5;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetPCIBusId(char* id, int length, int index) {
  snprintf(id, static_cast<size_t>(length), "0000:0%d:00.0", index);
  return cudaSuccess;
}
cudaError_t cudaGetDriverEntryPointByVersion(const char*, void** function, unsigned, unsigned long long,
                                             cudaDriverEntryPointQueryResult* result) {
  *function = reinterpret_cast<void*>(+[] { return 0; });
  if (result) *result = cudaDriverEntryPointSuccess;
  return cudaSuccess;
}
cudaError_t cudaGetSymbolAddress(void** address, const void* symbol) {
  *address = const_cast<void*>(symbol);
  return cudaSuccess;
}

// ---- memory ----

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  World& w = world();
  const Lock lock(w.mutex);
  if (forbidden()) return give(cudaErrorStreamCaptureUnsupported);
  if (w.used + bytes > w.total) return give(cudaErrorMemoryAllocation);
  *pointer = allocate(w.device, bytes);
  if (!*pointer) return give(cudaErrorMemoryAllocation);
  w.used += bytes;
  return cudaSuccess;
}
cudaError_t cudaFree(void* pointer) {
  World& w = world();
  const Lock lock(w.mutex);
  if (pointer == nullptr) return cudaSuccess;
  if (forbidden()) return give(cudaErrorStreamCaptureUnsupported);
  const auto found = w.device.find(static_cast<char*>(pointer));
  if (found == w.device.end()) return give(cudaErrorInvalidValue);
  w.used -= std::min(w.used, found->second);
  munmap(pointer, found->second);
  w.device.erase(found);
  return synchronize("cudaFree");
}
cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned) {
  const Lock lock(world().mutex);
  if (forbidden()) return give(cudaErrorStreamCaptureUnsupported);
  *pointer = allocate(world().host, bytes);
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* pointer) {
  const Lock lock(world().mutex);
  const auto found = world().host.find(static_cast<char*>(pointer));
  if (found == world().host.end()) return give(cudaErrorInvalidValue);
  munmap(pointer, found->second);
  world().host.erase(found);
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *free = world().total - world().used;
  *total = world().total;
  return cudaSuccess;
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  const Lock lock(world().mutex);
  *attributes = {};
  attributes->type = within(world().device, pointer) ? cudaMemoryTypeDevice
                     : within(world().host, pointer) ? cudaMemoryTypeHost
                                                     : cudaMemoryTypeUnregistered;
  if (attributes->type == cudaMemoryTypeDevice) attributes->devicePointer = const_cast<void*>(pointer);
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  std::string name;
  {
    const Lock lock(world().mutex);
    name = copy_name(to, from);
    // Pageable memory is read or written before the call returns, which no replay could repeat.
    if (capture_of(stream) && name.find("host") != std::string::npos) {
      capture_of(stream)->invalid = true;
      return give(cudaErrorStreamCaptureUnsupported);
    }
  }
  return work(stream, name, [=] { memcpy(to, from, bytes); });
}
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind) {
  const Lock lock(world().mutex);
  if (forbidden()) return give(cudaErrorStreamCaptureUnsupported);
  memcpy(to, from, bytes);
  return synchronize("cudaMemcpy");
}
cudaError_t cudaMemcpyPeerAsync(void* to, int, const void* from, int, size_t bytes, cudaStream_t stream) {
  return work(stream, "copy device to device", [=] { memcpy(to, from, bytes); });
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  return work(stream, "memset", [=] { memset(to, value, bytes); });
}
cudaError_t cudaMemset(void* to, int value, size_t bytes) { return cudaMemsetAsync(to, value, bytes, nullptr); }

// ---- streams and events ----

static void* handle() {
  static std::atomic<uintptr_t> next{0x1000};
  return reinterpret_cast<void*>(next += 16);
}
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned, int) {
  *stream = static_cast<cudaStream_t>(handle());
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return cudaStreamCreateWithPriority(stream, flags, 0);
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const Lock lock(world().mutex);
  if (const auto capture = capture_of(stream)) {
    capture->invalid = true;
    return give(cudaErrorStreamCaptureUnsupported);
  }
  if (forbidden()) return give(cudaErrorStreamCaptureUnsupported);
  return synchronize("cudaStreamSynchronize");
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  const Lock lock(world().mutex);
  if (const auto capture = capture_of(stream)) {
    capture->invalid = true;
    return give(cudaErrorStreamCaptureUnsupported);
  }
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  const Lock lock(world().mutex);
  if (forbidden()) return give(cudaErrorStreamCaptureUnsupported);
  return synchronize("cudaDeviceSynchronize");
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  const Lock lock(world().mutex);
  *event = static_cast<cudaEvent_t>(handle());
  world().events[*event] = {};
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const Lock lock(world().mutex);
  world().events.erase(event);
  return cudaSuccess;
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned) {
  const Lock lock(world().mutex);
  world().events[event] = {capture_of(stream), stream};
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return cudaEventRecordWithFlags(event, stream, 0);
}
static cudaError_t of_capture(cudaEvent_t event) {
  const Lock lock(world().mutex);
  const auto& capture = world().events[event].capture;
  if (!capture) return cudaSuccess;
  capture->invalid = true;
  return give(cudaErrorCapturedEvent);
}
cudaError_t cudaEventQuery(cudaEvent_t event) { return of_capture(event); }
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const cudaError_t error = of_capture(event);
  return error == cudaSuccess ? synchronize("cudaEventSynchronize") : error;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
  *milliseconds = 0;
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  World& w = world();
  const Lock lock(w.mutex);
  const Event& waited = w.events[event];
  const auto own = capture_of(stream);
  if (waited.capture && !own) {
    w.capturing[stream] = waited.capture;
    waited.capture->forked.insert(stream);
  } else if (own && waited.capture == own) {
    if (stream == own->origin) own->forked.erase(waited.stream);
  } else if (own && w.events[event].stream != nullptr && !waited.capture) {
    own->invalid = true;  // it would wait for what lies outside
    return give(cudaErrorStreamCaptureIsolation);
  }
  return cudaSuccess;
}

// ---- capture and graphs ----

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  std::swap(*mode, thread_mode);
  return cudaSuccess;
}
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  World& w = world();
  const Lock lock(w.mutex);
  if (stream == nullptr) return give(cudaErrorStreamCaptureUnsupported);
  if (capture_of(stream)) return give(cudaErrorIllegalState);
  auto capture = std::make_shared<Capture>();
  capture->id = ++w.captures;
  capture->origin = stream;
  capture->mode = mode;
  w.capturing[stream] = capture;
  begun.push_back(std::move(capture));
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  World& w = world();
  const Lock lock(w.mutex);
  *graph = nullptr;
  const auto capture = capture_of(stream);
  if (!capture) return give(cudaErrorIllegalState);
  if (capture->mode != cudaStreamCaptureModeRelaxed && std::find(begun.begin(), begun.end(), capture) == begun.end())
    return give(cudaErrorStreamCaptureWrongThread);
  std::erase_if(w.capturing, [&](const auto& entry) { return entry.second == capture; });
  std::erase(begun, capture);
  for (auto& [event, of] : w.events) {
    if (of.capture == capture) of = {};
  }
  if (capture->invalid) return give(cudaErrorStreamCaptureInvalidated);
  if (!capture->forked.empty()) return give(cudaErrorStreamCaptureUnjoined);
  std::string line = "{\"graph\":[";
  for (const Node& node : capture->graph.nodes) line += (line.back() == '[' ? "" : ",") + quoted(node.name);
  const auto beside = std::count_if(capture->graph.nodes.begin(), capture->graph.nodes.end(), std::mem_fn(&Node::beside));
  tell(line + "],\"beside\":" + std::to_string(beside) + "}");
  *graph = reinterpret_cast<cudaGraph_t>(new Graph(std::move(capture->graph)));
  return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  const Lock lock(world().mutex);
  const auto capture = capture_of(stream);
  *status = !capture           ? cudaStreamCaptureStatusNone
            : capture->invalid ? cudaStreamCaptureStatusInvalidated
                               : cudaStreamCaptureStatusActive;
  return cudaSuccess;
}
cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, cudaStreamCaptureStatus* status, unsigned long long* id,
                                     cudaGraph_t* graph, const cudaGraphNode_t** dependencies,
                                     const cudaGraphEdgeData** edges, size_t* count) {
  const Lock lock(world().mutex);
  cudaStreamIsCapturing(stream, status);
  const auto capture = capture_of(stream);
  if (id) *id = capture ? capture->id : 0;
  if (graph) *graph = capture ? reinterpret_cast<cudaGraph_t>(&capture->graph) : nullptr;
  if (dependencies) *dependencies = nullptr;
  if (edges) *edges = nullptr;
  if (count) *count = 0;
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = reinterpret_cast<cudaGraphExec_t>(new Graph(*reinterpret_cast<Graph*>(graph)));
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete reinterpret_cast<Graph*>(graph);
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete reinterpret_cast<Graph*>(executable);
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t) {
  const Lock lock(world().mutex);
  const auto* graph = reinterpret_cast<Graph*>(executable);
  for (const Node& node : graph->nodes) {
    if (node.again) node.again();
  }
  tell("{\"replay\":" + std::to_string(graph->nodes.size()) + "}");
  return cudaSuccess;
}
cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t*, size_t* count) {
  *count = reinterpret_cast<Graph*>(graph)->nodes.size();
  return cudaSuccess;
}

}  // extern "C"
