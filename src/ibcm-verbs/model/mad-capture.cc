// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/mad-capture.h"

#include "ib-wire/model/erf.h"
#include "ibcm-verbs/model/mad-packet.h"

#include <cerrno>
#include <chrono>
#include <mutex>
#include <utility>

namespace cmverbs
{

namespace
{

constexpr std::uint32_t kSnapLength = 512; // no MAD's packet is longer

std::int64_t NanosecondsNow()
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace

VerbsResult<std::unique_ptr<MadCapture>> MadCapture::Create(
    const std::string& path,
    std::function<void(const std::string&)> broken)
{
    std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "wbe"));
    if (file == nullptr)
    {
        return tl::unexpected(VerbsError{errno, "cannot write the capture " + path});
    }
    const auto header = ibwire::ErfFileHeader(kSnapLength);
    if (std::fwrite(header.data(), 1, header.size(), file.get()) != header.size() ||
        std::fflush(file.get()) != 0)
    {
        return tl::unexpected(VerbsError{errno, "cannot write the capture " + path});
    }
    return std::unique_ptr<MadCapture>(new MadCapture(std::move(file), path, std::move(broken)));
}

MadCapture::MadCapture(std::unique_ptr<std::FILE, Close> file,
                       std::string path,
                       std::function<void(const std::string&)> broken)
    : m_path(std::move(path)),
      m_broken(std::move(broken)),
      m_file(std::move(file))
{
}

void MadCapture::OnSent(const PortSnapshot& port,
                        const ibwire::MadBytes& mad,
                        const ibcm::MadAddress& address)
{
    Write(PacketOf(port, mad, address, true));
}

void MadCapture::OnReceived(const PortSnapshot& port, const ibcm::ReceivedMad& mad)
{
    Write(PacketOf(port, mad.bytes, mad.replyAddress, false));
}

void MadCapture::Write(const std::vector<std::uint8_t>& packet)
{
    bool broken = false;
    {
        const std::lock_guard hold(m_lock);
        if (!m_good)
        {
            return;
        }
        m_good = Append(packet);
        broken = !m_good;
    }
    if (broken && m_broken)
    {
        m_broken("the capture " + m_path + " ends here: it cannot be written any more");
    }
}

bool MadCapture::Append(const std::vector<std::uint8_t>& packet)
{
    const auto bytes = static_cast<std::uint32_t>(packet.size());
    const auto header = ibwire::ErfRecordHeader(NanosecondsNow(), bytes, bytes);
    return std::fwrite(header.data(), 1, header.size(), m_file.get()) == header.size() &&
           std::fwrite(packet.data(), 1, packet.size(), m_file.get()) == packet.size() &&
           std::fflush(m_file.get()) == 0;
}

} // namespace cmverbs
