#pragma once
// What may never return, for a while: libtorch's store has no timeout where its peer is stopped, or is no store.
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <thread>

namespace torch_lora::distributed {

// Runs `body` on a thread of its own, which is left behind where it takes longer than `limit`: then the result is
// nothing. What `body` throws leaves here. What it uses it must own.
// By looking now and then: std::future and std::condition_variable wait by functions that came after GLIBCXX_3.4.22.
template <class Body>
auto within(std::chrono::milliseconds limit, Body body) -> std::optional<decltype(body())> {
  struct Outcome {
    std::optional<decltype(body())> result;
    std::exception_ptr error;
    std::atomic<bool> there{false};
  };
  const auto outcome = std::make_shared<Outcome>();
  std::thread([outcome, body = std::move(body)]() mutable {
    try {
      outcome->result = body();
    } catch (...) {
      outcome->error = std::current_exception();
    }
    outcome->there = true;
  }).detach();
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!outcome->there) {
    if (std::chrono::steady_clock::now() > until) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (outcome->error) std::rethrow_exception(outcome->error);
  return outcome->result;
}

}  // namespace torch_lora::distributed
