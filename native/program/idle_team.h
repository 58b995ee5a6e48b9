#pragma once

namespace torch_lora {

// Ends the OpenMP threads that wait for the calling thread's next parallel region; that region then makes new ones,
// which takes 0.1 ms. Where more threads wait than there are processors GNU's runtime lets none of them spin, so that
// once an eager operator had run in parallel on the event loop's thread, every region of the executor would begin and
// end with a system call: roberta-base in int8 and a text of 16 tokens, some 70 regions, took 9 to 11 ms instead of 7,
// and one thread alone takes 11.
void endIdleTeam();

}  // namespace torch_lora
