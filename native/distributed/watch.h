#pragma once
// What ranks tell each other, through the store, when one of them fails. gloo wakes those alone that wait for the rank
// that is gone, and nothing ends the waiting of the others: they would wait until the first to fail leaves, and take
// that one for the culprit.
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "distributed/roll.h"

namespace torch_lora::distributed {

// A thread that looks now and then whether a rank has reported a failure, and then says that this one is there, so that
// a rank which computes is not taken for one that is gone. The first rank that has heard enough writes a verdict, which
// every rank then throws.
class Watch {
 public:
  Watch(c10::intrusive_ptr<c10d::Store> store, std::shared_ptr<Roll> roll)
      : store_(std::move(store)), roll_(std::move(roll)) {}

  static void start(const std::shared_ptr<Watch>& watch);
  // Waits for no one: the thread ends when it looks the next time.
  void stop() { stopped_ = true; }

  // Of this rank's exchanges, which run one after the other.
  void begin() { state_ += 1; }
  void end() { state_ += 1; }

  // Who is to blame, as a sentence, once a rank has come to a verdict; empty before.
  std::string verdict() const;

  // After a failure of this rank's own: the verdict, which it comes to itself where no other has. Ends within seconds,
  // even where the store does not answer any more.
  static std::string judge(const std::shared_ptr<Watch>& watch);

  // This rank has failed by itself, and comes to no further exchange: says so to all.
  static void confess(const std::shared_ptr<Watch>& watch);

  // Before the rank that keeps the store throws, and so perhaps ends: lets the others read the verdict, for seconds.
  static void let_others_read(const std::shared_ptr<Watch>& watch);

 private:
  void look();
  void tell();
  std::string gather();
  std::string sentence() const;
  void learn(const std::string& verdict);
  std::string lost() const;

  c10::intrusive_ptr<c10d::Store> store_;
  std::shared_ptr<Roll> roll_;
  std::atomic<bool> stopped_{false};
  std::atomic<int64_t> state_{0};  // exchanges begun and ended: odd while one is under way
  std::atomic<bool> told_{false};
  mutable std::mutex mutex_;
  std::string verdict_;
};

}  // namespace torch_lora::distributed
