// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SHELL_CONNECTION_H
#define IBCM_VERBS_SHELL_CONNECTION_H

#include "ibcm-verbs/helper/shell-events.h"
#include "ibcm-verbs/helper/shell-line.h"
#include "ibcm-verbs/helper/shell-numbers.h"
#include "ibcm-verbs/model/cm-device.h"

#include <cstdint>
#include <memory>
#include <span>

namespace cmverbs
{

/** An id of a shell that is no listener: what it wants, and what it has come to. */
struct ShellConnection
{
    bool active{false};
    bool datagram{false};
    ShellCommand wanted{};                    ///< of an active one: its connect
    ibcm::Handle handle{ibcm::Handle::kNone}; ///< none while the way to the peer is not known
    ShellPhase phase{ShellPhase::kUnasked};
    bool unanswered{false};             ///< a request or a response that waits for its answer
    std::uint8_t responderResources{1}; ///< as the peer proposes, or as they were asked for
    std::uint8_t initiatorDepth{1};
    std::uint32_t psn{0}; ///< of this side
    std::uint32_t qpn{0};
    std::unique_ptr<QueuePair> qp{}; ///< null: the number is made up
};

/**
 * The calls that a program of rdma_cm makes for a connection, in terms of the CM and of a QP of the
 * device. For one thread, which runs no handler.
 */
class ShellCalls
{
  public:
    /** @param handler of the ids; outlives them. */
    ShellCalls(CmDevice& device, ibcm::EventHandler& handler);

    /** Asks for what the connection wants, over a route; the id is one of the CM from then on. */
    ShellResult<void> Connect(ShellConnection& connection, const Route& route);
    /** EINVAL unless there is a request that waits for an answer. */
    ShellResult<void> Accept(ShellConnection& connection, const ShellParameters& parameters);
    ShellResult<void> Reject(ShellConnection& connection, std::span<const std::uint8_t> data);
    /** EINVAL unless there is a response that waits for an answer. */
    ShellResult<void> Establish(ShellConnection& connection);
    /** DREQ or DREP. Nothing, without an error, if the state asks for neither: a crossing
     * disconnect has been faster. */
    ShellResult<void> Disconnect(ShellConnection& connection);
    ShellResult<void> Notify(const ShellConnection& connection);
    /** Ends the id; what was told of it meanwhile is not to be heeded any more. */
    void Destroy(ShellConnection& connection);

  private:
    /** Sets the QP's number, of a new QP if that is wanted. */
    ShellResult<void> ChooseQp(ShellConnection& connection, const ShellParameters& parameters);
    ShellResult<void> ModifyQp(const ShellConnection& connection, ibcm::QpTarget target);
    /** RTR and RTS. */
    ShellResult<void> ReadyQp(const ShellConnection& connection);
    /** Creates the CM's id and sends the REQ or SIDR_REQ. */
    ShellResult<void> Ask(ShellConnection& connection, const Route& route);
    ibcm::Status SendRep(const ShellConnection& connection, const ShellParameters& parameters);

    CmDevice& m_device;
    ibcm::ConnectionManager& m_manager;
    ibcm::EventHandler& m_handler;
    ShellNumbers m_numbers;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_SHELL_CONNECTION_H */
