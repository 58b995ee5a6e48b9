#include "program/idle_team.h"

#include <omp.h>

// In the runtime that libtorch carries, if it has one: nothing is linked for it.
#pragma weak omp_pause_resource_all

namespace torch_lora {

void endIdleTeam() {
  if (omp_pause_resource_all) omp_pause_resource_all(omp_pause_soft);
}

}  // namespace torch_lora
