#pragma once
// What an operator asks of its arguments before it reads or allocates anything. JavaScript can name every operator, the
// internal ones too, so each kernel, on each device, begins with its checks. They look at sizes, types, devices and
// plain numbers only: nothing waits for a device, and sizes may be symbolic.
#include <ATen/core/Tensor.h>
#include <c10/core/SymIntArrayRef.h>
#include <c10/util/Exception.h>

#include <optional>

namespace torch_lora {

// The largest sizes that numbers may claim, as against those that tensors have.
constexpr int64_t kLongestSequence = int64_t{1} << 20;  // tokens; what positions are laid out for
constexpr int64_t kLastRow = int64_t{1} << 56;          // of a dropout mask

inline void check_strided(const char* op, const char* name, const at::Tensor& tensor) {
  TORCH_CHECK_VALUE(tensor.defined(), op, ": expected a tensor ", name, ", received none");
  TORCH_CHECK_TYPE(tensor.layout() == at::kStrided, op, ": expected ", name, " in rows and columns, received ",
                   tensor.layout());
}

// The type of a random seed is draw_seed's.
inline void check_seed(const char* op, const at::Tensor& seed) {
  check_strided(op, "seed", seed);
  TORCH_CHECK_VALUE(seed.scalar_type() == at::kLong && seed.sym_numel() == 1, op,
                    ": expected seed to be one number of int64, received ", seed.sym_sizes(), " of ",
                    seed.scalar_type());
}

// Where the sequences of a packed batch begin, and where the last one ends.
inline void check_cu_seqlens(const char* op, const at::Tensor& cu_seqlens, at::Device device) {
  check_strided(op, "cu_seqlens", cu_seqlens);
  TORCH_CHECK_VALUE(cu_seqlens.dim() == 1 && cu_seqlens.scalar_type() == at::kInt && cu_seqlens.device() == device, op,
                    ": expected cu_seqlens [B + 1] of int32 on ", device, ", received ", cu_seqlens.sym_sizes(), " of ",
                    cu_seqlens.scalar_type(), " on ", cu_seqlens.device());
  TORCH_CHECK_VALUE(cu_seqlens.sym_size(0) >= 1, op,
                    ": expected cu_seqlens to hold at least one number, received none");
}

// The longest sequence of a packed batch, as a scalar.
inline void check_max_seqlen(const char* op, const at::Tensor& max_seqlen) {
  check_strided(op, "max_seqlen", max_seqlen);
  TORCH_CHECK_VALUE(max_seqlen.dim() == 0 && at::isIntegralType(max_seqlen.scalar_type(), /*includeBool=*/false), op,
                    ": expected max_seqlen to be an integer scalar tensor, received ", max_seqlen.sym_sizes(), " of ",
                    max_seqlen.scalar_type());
}

// Elements of these sizes; ValueError where one is negative or their product is no number of elements.
inline int64_t checked_elements(const char* op, at::IntArrayRef sizes) {
  int64_t elements = 1;
  for (const int64_t size : sizes) {
    TORCH_CHECK_VALUE(size >= 0 && !__builtin_mul_overflow(elements, size, &elements), op,
                      ": expected sizes of at least 0 whose product is a number of elements, received ", sizes);
  }
  return elements;
}

// Packing lays out every element: a weight that claims more of them than any memory holds (a value expanded) is refused
// before the layout is made.
inline void check_packable(const char* op, const at::Tensor& weight) {
  constexpr int64_t most = int64_t{1} << 40;
  TORCH_CHECK_VALUE(weight.sym_size(0) <= most && weight.sym_size(1) <= most && weight.sym_numel() <= most, op,
                    ": expected weights of at most ", most, " elements, received ", weight.sym_sizes());
}

// The arguments of one call, beside the first, whose type and device they share.
class Checks {
 public:
  Checks(const char* op, const char* name, const at::Tensor& first) : op_(op), name_(name), first_(first) {
    check_strided(op, name, first);
    TORCH_CHECK_TYPE(at::isFloatingType(first.scalar_type()) || at::isComplexType(first.scalar_type()), op,
                     ": expected ", name, " of a floating-point type, received ", first.scalar_type());
  }

  void dims(int64_t count, const char* what) const {
    TORCH_CHECK_VALUE(first_.dim() == count, op_, ": expected ", name_, " ", what, ", received ", first_.sym_sizes());
  }
  // [sizes] of the first argument's type, on its device.
  void tensor(const char* name, const at::Tensor& tensor, c10::SymIntArrayRef sizes) const {
    this->tensor(name, tensor, sizes, first_.scalar_type());
  }
  void tensor(const char* name, const at::Tensor& tensor, c10::SymIntArrayRef sizes, at::ScalarType type) const {
    check_strided(op_, name, tensor);
    shape(name, tensor, sizes);
    TORCH_CHECK_TYPE(tensor.scalar_type() == type && tensor.device() == first_.device(), op_, ": expected ", name,
                     " of ", type, " on ", first_.device(), " like ", name_, ", received ", tensor.scalar_type(),
                     " on ", tensor.device());
  }
  void optional(const char* name, const std::optional<at::Tensor>& tensor, c10::SymIntArrayRef sizes) const {
    if (tensor.has_value()) this->tensor(name, *tensor, sizes);
  }
  // Where `needed`, there must be one.
  void needed(const char* name, const std::optional<at::Tensor>& tensor, bool needed, c10::SymIntArrayRef sizes) const {
    TORCH_CHECK_VALUE(tensor.has_value() || !needed, op_, ": expected ", name, " for a gradient that is asked for");
    optional(name, tensor, sizes);
  }
  // Kernels read a seed on the CPU, or where they run themselves.
  void seed(const std::optional<at::Tensor>& seed) const {
    if (!seed.has_value()) return;
    check_seed(op_, *seed);
    TORCH_CHECK_VALUE(seed->device().is_cpu() || seed->device() == first_.device(), op_,
                      ": expected seed on the CPU or on ", first_.device(), ", received it on ", seed->device());
  }
  // One 0 or 1 for each gradient.
  void needs(at::IntArrayRef needs, size_t count) const {
    TORCH_CHECK_VALUE(needs.size() == count, op_, ": expected needs to hold ", count, " numbers, received ",
                      needs.size());
  }

 private:
  void shape(const char* name, const at::Tensor& tensor, c10::SymIntArrayRef sizes) const {
    TORCH_CHECK_VALUE(tensor.sym_sizes() == sizes, op_, ": expected ", name, " ", sizes, ", received ",
                      tensor.sym_sizes());
  }

  const char* op_;
  const char* name_;
  const at::Tensor& first_;
};

}  // namespace torch_lora
