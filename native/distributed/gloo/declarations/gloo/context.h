#pragma once
// gloo's own headers are not part of a PyTorch wheel, but ProcessGroupGloo.hpp, which is, includes five of them. It
// holds gloo's objects by shared_ptr and never by value, so declarations are all it takes: the layout and the virtual
// table of ProcessGroupGloo are libtorch's, and nothing of gloo is compiled into ours.
#include <chrono>
#include <memory>

namespace gloo {

class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};

}  // namespace gloo
