#pragma once
// Who is there: what an error about other ranks can name them by.
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace torch_lora::distributed {

// Keys in the store beside those of the process groups. A Python process that is one of the ranks writes none, and so
// is never named.
class Roll {
 public:
  struct Self {
    int rank;
    int size;
    bool agent;  // torchrun keeps the store
  };
  Roll(c10::intrusive_ptr<c10d::Store> store, Self self);

  // Says that this rank is there, on which host and as which process.
  void sign();
  // Once all have signed: learns who keeps the store, whom nobody can ask about when it is gone.
  void read_keeper();
  const std::string& keeper() const { return keeper_; }
  // Ranks that have not signed, for a sentence: "rank 1, rank 3".
  std::string unsigned_ranks();
  // After a failure: says that this rank has seen it, waits a moment for the others to say so too, and names those who
  // did not. Never longer than `patience` and a second, even where the store itself does not answer any more.
  static std::string silent_ranks(const std::shared_ptr<Roll>& roll, std::chrono::milliseconds patience);

 private:
  std::string key(const char* what, int rank) const;
  bool has(const std::string& key);
  std::string name(int rank);
  std::string wait_for_reports(std::chrono::milliseconds patience);

  c10::intrusive_ptr<c10d::Store> store_;
  Self self_;
  std::string keeper_;
};

}  // namespace torch_lora::distributed
