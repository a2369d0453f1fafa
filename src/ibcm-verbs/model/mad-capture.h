// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_MAD_CAPTURE_H
#define IBCM_VERBS_MAD_CAPTURE_H

#include "ibcm-verbs/model/mad-tap.h"
#include "ibcm-verbs/model/verbs-error.h"
#include "ibcm/helper/host-threads.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace cmverbs
{

/**
 * A capture file of a port's MADs for Wireshark and tshark. Each is in the file as soon as it was
 * seen, so that what a process that is killed has recorded can be read. Thread-safe.
 */
class MadCapture final : public MadTap
{
  public:
    static VerbsResult<std::unique_ptr<MadCapture>> Create(const std::string& path);

    void OnSent(const PortSnapshot& port,
                const ibwire::MadBytes& mad,
                const ibcm::MadAddress& address) override;
    void OnReceived(const PortSnapshot& port, const ibcm::ReceivedMad& mad) override;

    /** False if something could not be written. */
    bool Good() const;

  private:
    struct Close
    {
        void operator()(std::FILE* file) const
        {
            std::fclose(file);
        }
    };

    explicit MadCapture(std::unique_ptr<std::FILE, Close> file);

    void Write(const std::vector<std::uint8_t>& packet);

    mutable ibcm::OsMutex m_lock;
    std::unique_ptr<std::FILE, Close> m_file;
    bool m_good{true};
};

} // namespace cmverbs

#endif /* IBCM_VERBS_MAD_CAPTURE_H */
