#pragma once
// Work of packed attention cut into (sequence, head, query rows) and handed out longest first: a batch may hold
// sequences of 5 and of 500 tokens, and equal shares of tasks would be very unequal shares of work.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ops/attention.h"
#include "ops/cpu/kernels.h"
#include "ops/device.h"
#include "ops/parallel.h"

namespace torch_lora {

// What the kernels read of a [T, 3, N, D] tensor whose last dimension is contiguous.
template <class T>
cpu::Attention<T> attention_arguments(const at::Tensor& qkv, double dropout_p, double scale,
                                      const std::optional<at::Tensor>& seed, const Window& window = {}) {
  cpu::Attention<T> a{};
  a.qkv = elements<T>(qkv);
  a.token_stride = qkv.stride(0);
  a.part_stride = qkv.stride(1);
  a.head_stride = qkv.stride(2);
  a.tokens = qkv.size(0);
  a.heads = qkv.size(2);
  a.head_size = qkv.size(3);
  a.out_row = a.heads * a.head_size;
  a.left = window.before(a.tokens);
  a.right = window.behind(a.tokens);
  a.scale = static_cast<cpu::Real<T>>(scale);
  a.dropout = kernel_dropout<T>(dropout_p, seed);
  return a;
}

constexpr int64_t kForwardRows = 128;  // query rows of one task: enough to pay for packing the keys

struct AttentionTask {
  int64_t start, length;  // the sequence
  int64_t head;
  int64_t query, query_end;  // rows within the sequence
  int64_t work;              // scores
};

inline std::vector<AttentionTask> attention_tasks(const std::vector<int64_t>& bounds, int64_t heads,
                                                  int64_t rows_per_task, const Window& window = {}) {
  std::vector<AttentionTask> tasks;
  for (size_t b = 0; b + 1 < bounds.size(); ++b) {
    const int64_t start = bounds[b], length = bounds[b + 1] - start;
    const int64_t seen = std::min(length, 1 + window.before(length) + window.behind(length));
    for (int64_t head = 0; head < heads; ++head) {
      for (int64_t query = 0; query < length; query += std::min(rows_per_task, length - query)) {
        const int64_t rows = std::min(rows_per_task, length - query);
        tasks.push_back({start, length, head, query, query + rows, rows * seen});
      }
    }
  }
  std::stable_sort(tasks.begin(), tasks.end(),
                   [](const AttentionTask& a, const AttentionTask& b) { return a.work > b.work; });
  return tasks;
}

// Every task writes its own part of the result, so it does not matter who runs it. `work` is about the number of
// scores, all tasks together.
template <class Run>
void run_tasks(size_t count, int64_t work, Run run) {
  share("attention", static_cast<int64_t>(count), std::min(threads_here(), 1 + work / 2048),
        [&](int64_t i) { run(static_cast<size_t>(i)); });
}

template <class Run>
void run_tasks(const std::vector<AttentionTask>& tasks, Run run) {
  int64_t work = 0;
  for (const auto& task : tasks) work += task.work;
  run_tasks(tasks.size(), work, [&](size_t i) { run(tasks[i]); });
}

}  // namespace torch_lora
