// Who makes graphs on which device, and the CPU's: it runs the work again. That gains nothing, but all that is around a
// graph (inputs, seeds, buckets, what is kept and what is copied) can so be tested on a machine without a GPU.
#include "ops/device_graph.h"

#include <map>
#include <mutex>

namespace torch_lora {
namespace {

class Rerun final : public DeviceGraph {
 public:
  explicit Rerun(std::function<void()> work) : work_(std::move(work)) {}
  void replay() override { work_(); }

 private:
  std::function<void()> work_;
};

class Reruns final : public GraphMaker {
 public:
  void on_stream(const std::function<void()>& work) override { work(); }
  std::unique_ptr<DeviceGraph> capture(std::function<void()> work) override {
    return std::make_unique<Rerun>(std::move(work));
  }
  std::function<void()> mark() override {
    return [] {};
  }
  void free_memory() override {}
};

struct Factories {
  std::mutex mutex;
  std::map<c10::DeviceType, GraphMakerFactory> of{
      {c10::DeviceType::CPU, [](c10::Device) -> std::unique_ptr<GraphMaker> { return std::make_unique<Reruns>(); }}};
};

// Never destroyed: a library may register before this file's statics and threads may outlive them.
Factories& factories() {
  static auto& instance = *new Factories();
  return instance;
}

}  // namespace

void register_graphs(c10::DeviceType type, GraphMakerFactory factory) {
  const std::lock_guard<std::mutex> lock(factories().mutex);
  factories().of[type] = factory;
}

std::unique_ptr<GraphMaker> graphs_on(c10::Device device) {
  const std::lock_guard<std::mutex> lock(factories().mutex);
  const auto found = factories().of.find(device.type());
  return found == factories().of.end() ? nullptr : found->second(device);
}

}  // namespace torch_lora
