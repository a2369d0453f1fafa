// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One cell of the matrix, on the wire: brings an id to its place, lets one thing happen to it, and
// looks at everything that has come of it.
#ifndef WEFT_TEST_IBCM_MATRIX_WORLD_H
#define WEFT_TEST_IBCM_MATRIX_WORLD_H

#include "matrix-cells.h"
#include "pair.h"
#include "recording-port.h"

#include <array>
#include <memory>

namespace ibcm::test::matrix
{

/** A Pair of which one id, the subject, is looked at. For one cell. */
class MatrixWorld : public Pair
{
  public:
    explicit MatrixWorld(Behaviour behaviour);

    /** Brings the subject to its place; nothing is on the wire and no record is left after it. */
    void Reach(const Place& place);
    void Apply(Stimulus stimulus);
    /** What has come of it; checks besides what no table needs to say. */
    Outcome Observe();
    /** The checks at the end of each test: nothing is left. */
    void Finish();

  private:
    void TestBody() override
    {
    }

    void ReachUsual(const Place& place);
    void Call(Stimulus stimulus);
    Status CallOf(Stimulus stimulus);
    void LetTimePass(Stimulus stimulus);
    void Inject(const ibwire::CmMessage& message, std::uint64_t transactionId);
    void InjectUnknownAttribute(std::uint16_t attribute);

    // Messages as the peer would send them, by kind.
    std::array<std::uint8_t, 72> InfoOfPeer() const;
    ibwire::CmReq ReqOfPeer() const;
    void InjectReq(Stimulus stimulus);
    void InjectMra(Stimulus stimulus);
    void InjectRej(Stimulus stimulus);
    void InjectRep(Stimulus stimulus);
    void InjectRtu(Stimulus stimulus);
    void InjectDreq(Stimulus stimulus);
    void InjectDrep(Stimulus stimulus);
    void InjectSidr(Stimulus stimulus);
    void InjectLap(Stimulus stimulus);
    void InjectApr(Stimulus stimulus);
    template <class M>
    M Addressed(Stimulus otherPeer, Stimulus unknownId, Stimulus stimulus) const;

    /** The latest message of a kind from an end of the wire; null if there was none. */
    template <class M>
    const SentMad* Latest(std::size_t from) const;
    /** Its transaction id, or one that nobody has used. */
    template <class M>
    std::uint64_t TidOf(std::size_t from, std::uint64_t otherwise) const;

    std::string TextOf(const SentMad& mad) const;
    std::string SentByOwn();
    std::string CountedFor(const MessageCounters& before) const;
    void CheckAnswer(const SentMad& mad) const;
    void CheckCounters() const;
    void CheckWaits(const Outcome& outcome) const;
    void CheckRedirected() const;
    void CheckPeers(const Outcome& outcome) const;

    RecordingPort m_portA;
    RecordingPort m_portB;
    Place m_place{};
    Stimulus m_stimulus{};
    Behaviour m_behaviour;
    Host* m_own{nullptr};
    Host* m_peer{nullptr};
    RecordingPort* m_port{nullptr};
    std::size_t m_end{0}; ///< of the wire: the subject's
    Handle m_id{Handle::kNone};
    std::uint32_t m_commId{0};
    std::uint32_t m_peerCommId{0};
    std::optional<CmError> m_error;
    MessageCounters m_before;
    std::size_t m_historyBefore{0};
    std::size_t m_retransmissions{0};
    bool m_injected{false};
    std::uint64_t m_injectedTid{0};
    std::uint32_t m_injectedFrom{0}; ///< the communication id that the injected message names
};

template <class M>
const SentMad* MatrixWorld::Latest(std::size_t from) const
{
    for (auto it = history.rbegin(); it != history.rend(); ++it)
    {
        if (it->from == from && std::holds_alternative<M>(it->message))
        {
            return &*it;
        }
    }
    return nullptr;
}

template <class M>
std::uint64_t MatrixWorld::TidOf(std::size_t from, std::uint64_t otherwise) const
{
    const SentMad* mad = Latest<M>(from);
    return mad == nullptr ? otherwise : mad->header.transactionId;
}

} // namespace ibcm::test::matrix

#endif // WEFT_TEST_IBCM_MATRIX_WORLD_H
