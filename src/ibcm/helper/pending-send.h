// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_PENDING_SEND_H
#define IBCM_PENDING_SEND_H

#include "ibcm/model/mad-port.h"

#include <boost/intrusive/link_mode.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set_hook.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>

/**
 * @file
 * Private to ReliablePort: a send that waits for an answer, and the window that it may be in.
 */

namespace ibcm
{

using WaitingHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>>;
using WindowHook =
    boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>>;

struct RequestWindow;

/** One reliable send. */
struct PendingSend : WaitingHook
{
    enum class Stage : std::uint8_t
    {
        kWaiting,  ///< for its turn, in its window's list
        kUnderWay, ///< transmitted; has a deadline
        kFailed,   ///< its turn came and the wire refused it: reported at its deadline
    };

    ibwire::MadBytes mad{};
    MadAddress address;
    std::uint64_t context{0};
    SendToken token{SendToken::kNone};
    Stage stage{Stage::kUnderWay};
    Duration timeout{0}; ///< the present wait, before jitter
    unsigned retriesLeft{0};
    unsigned transmissions{0};
    std::uint64_t order{0}; ///< 1, 2, … in the order of Send
    Instant deadline{0};
    std::size_t heapIndex{0};       ///< in the DeadlineHeap, if it has a deadline
    RequestWindow* window{nullptr}; ///< null for what never waits
    PendingSend* nextSpare{nullptr};
};

/** Whose requests share a window. */
struct WindowKey
{
    std::uint16_t dlid{0};
    std::uint16_t attribute{0};
    std::uint32_t qpn{0};
    bool hasGrh{false};
    ibwire::Gid dgid; ///< zero without a GRH

    friend auto operator<=>(const WindowKey&, const WindowKey&) = default;
};

/** The requests of one kind to one destination; exists while there is one. */
struct RequestWindow : WindowHook
{
    using Waiting = boost::intrusive::list<PendingSend, boost::intrusive::constant_time_size<true>>;

    WindowKey key;
    std::size_t underWay{0}; ///< transmitted or failed, not ended
    Waiting waiting;         ///< in the order of Send
    RequestWindow* nextSpare{nullptr};
};

/** What boost::intrusive::set orders windows by. */
struct KeyOfWindow
{
    using type = WindowKey;

    const WindowKey& operator()(const RequestWindow& window) const
    {
        return window.key;
    }
};

} // namespace ibcm

#endif /* IBCM_PENDING_SEND_H */
