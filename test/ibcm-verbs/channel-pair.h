// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_CHANNEL_PAIR_H
#define TEST_CHANNEL_PAIR_H

#include "ibcm-verbs/helper/data-mode.h"
#include "ibcm-verbs/model/data-channel.h"

#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace cmverbs::test
{

/** One end of a connection without hardware: work is done when the pair says so. */
class FakeChannel final : public DataChannel
{
  public:
    FakeChannel(std::uint32_t number, std::size_t bytes);

    std::uint32_t ChannelNumber() const override;
    std::span<std::uint8_t> Memory() override;
    RemoteMemory RemoteName(std::size_t offset) const override;
    VerbsStatus PostReceive(Piece piece) override;
    VerbsStatus PostSend(Piece piece) override;
    VerbsStatus PostRead(Piece piece, const RemoteMemory& from) override;
    VerbsStatus PostWrite(Piece piece, const RemoteMemory& to) override;
    VerbsResult<std::unique_ptr<DatagramAddress>> AnswerTo(const Completion& received) override;
    VerbsStatus PostDatagram(Piece piece,
                             const DatagramAddress& to,
                             std::uint32_t qpn,
                             std::uint32_t qkey,
                             std::uint32_t immediate) override;

    struct Work
    {
        WorkKind kind{WorkKind::kSend};
        Piece piece;
        RemoteMemory remote;
        bool datagram{false};
        std::uint32_t qpn{0};
        std::uint32_t qkey{0};
        std::uint32_t immediate{0};
    };

    std::deque<Piece> receives;
    std::deque<Work> work;
    bool refuses{false}; ///< every post fails

  private:
    VerbsStatus Post(const Work& item);

    const std::uint32_t m_number;
    std::vector<std::uint8_t> m_memory;
};

/** A mode at each end, and the fabric between them. */
class ChannelPair
{
  public:
    ChannelPair(const DataModeOptions& passive, const DataModeOptions& active);

    /** Prepares and establishes both: the active side first, so that its data comes early. */
    void Connect();
    /** Does all work that there is, at most so much. @return the first error of a mode. */
    VerbsStatus Run(std::size_t limit = 100000);

    /** What happens to a message on its way; null: nothing. */
    std::function<void(std::span<std::uint8_t>)> onTheWay;

    std::unique_ptr<DataMode> server;
    std::unique_ptr<DataMode> client;
    FakeChannel serverEnd;
    FakeChannel clientEnd;

  private:
    struct End
    {
        DataMode& mode;
        FakeChannel& channel;
    };

    VerbsStatus Step(End from, End to);
    VerbsStatus Deliver(const FakeChannel::Work& work, End from, End to);
};

} // namespace cmverbs::test

#endif /* TEST_CHANNEL_PAIR_H */
