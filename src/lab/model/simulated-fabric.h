// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SIMULATED_FABRIC_H
#define LAB_SIMULATED_FABRIC_H

#include "interleave/model/digest.h"
#include "interleave/model/engine.h"
#include "lab/model/adversary.h"
#include "lab/model/recorder.h"
#include "lab/model/scenario.h"
#include "lab/model/transport.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace lab
{

/**
 * The full fabric of a scenario on ns-3: nodes and cables from its source, a subnet manager that
 * brings them up over the wire, an SA that answers path queries. One at a time in a process, as
 * ns-3's simulator is global; gone, it leaves ns-3 as new.
 */
class SimulatedFabric
{
  public:
    /** @param pcapFile every packet once; empty: none. Errors: source, host or file. */
    static tl::expected<std::unique_ptr<SimulatedFabric>, InputError> Build(
        const Scenario& scenario,
        const std::string& pcapFile);
    ~SimulatedFabric();

    interleave::EventQueue& Events();

    /** Runs the subnet manager until the subnet is up; its figures go into @p record. */
    tl::expected<void, InputError> BringUp(interleave::Digest& digest, RunRecord& record);

    /** @return owned by the fabric. */
    tl::expected<Attachment*, InputError> Attach(interleave::Engine& engine,
                                                 const HostSpec& spec,
                                                 Adversary& adversary,
                                                 Recorder& recorder);

    /** From now on @p engine runs ns-3's events. */
    void Engage(interleave::Engine& engine);

    /**
     * Another run begins: what is still under way arrives and is ignored, the data paths that the
     * last run has left behind go, and simulated time is again what it was at Engage(). The hosts
     * stay attached.
     */
    void Rewind();

  private:
    struct State;

    explicit SimulatedFabric(std::unique_ptr<State> state);

    std::unique_ptr<State> m_state;
};

} // namespace lab

#endif /* LAB_SIMULATED_FABRIC_H */
