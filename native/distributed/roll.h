#pragma once
// Who is there: what an error about other ranks can name them by.
#include <torch/csrc/distributed/c10d/Store.hpp>

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
  int64_t signed_count();
  bool has_signed(int rank);
  // Once all have signed: learns who keeps the store, whom nobody can ask about when it is gone.
  void read_keeper();
  const std::string& keeper() const { return keeper_; }
  bool keeps() const { return !self_.agent && self_.rank == 0; }
  int rank() const { return self_.rank; }
  int size() const { return self_.size; }
  // Ranks that have not signed, for a sentence: "rank 1, rank 3".
  std::string unsigned_ranks();
  // For a sentence, with host and process of those that have signed.
  std::string names(const std::vector<int>& ranks);

 private:
  std::string name(int rank);

  c10::intrusive_ptr<c10d::Store> store_;
  Self self_;
  std::string keeper_;
};

}  // namespace torch_lora::distributed
