#pragma once
// Work on a device, captured once and replayed with one launch. What can do it registers here: the library of CUDA
// kernels for CUDA, and device_graph.cpp for the CPU.
#include <c10/core/Device.h>

#include <functional>
#include <memory>

namespace torch_lora {

class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;
  // Does the work again, on the memory that it was captured with. Within GraphMaker::on_stream.
  virtual void replay() = 0;
};

// Makes the graphs of one program, which share a pool of memory and are never replayed at once.
class GraphMaker {
 public:
  virtual ~GraphMaker() = default;
  // Runs `work` on the stream of graphs: after all that the current stream was given, before what it is given next.
  virtual void on_stream(const std::function<void()>& work) = 0;
  // Records what `work` launches without doing it. Within on_stream, after `work` has been run there once: libraries
  // that it calls get their workspaces then. What `work` throws leaves; the device can be used as before.
  virtual std::unique_ptr<DeviceGraph> capture(std::function<void()> work) = 0;
  // Gives what waits until all that the current stream has been given so far is done.
  virtual std::function<void()> mark() = 0;
  // Gives back to the device what is only kept for reuse: a capture cannot have it.
  virtual void free_memory() = 0;
};

using GraphMakerFactory = std::unique_ptr<GraphMaker> (*)(c10::Device device);

[[gnu::visibility("default")]] void register_graphs(c10::DeviceType type, GraphMakerFactory factory);

// A maker for a device; null where nothing makes graphs.
[[gnu::visibility("default")]] std::unique_ptr<GraphMaker> graphs_on(c10::Device device);

}  // namespace torch_lora
