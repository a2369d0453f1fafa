// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_MAD_CAPTURE_H
#define IBCM_VERBS_MAD_CAPTURE_H

#include "ibcm-verbs/model/mad-tap.h"
#include "ibcm-verbs/model/verbs-error.h"
#include "ibcm/helper/host-threads.h"

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cmverbs
{

/**
 * A capture file of a port's MADs for Wireshark and tshark. Each is in the file as soon as it was
 * seen, so that what a process that is killed has recorded can be read. Thread-safe.
 */
class MadCapture final : public MadTap
{
  public:
    /** @param broken is told, once, that nothing more can be written; may be null. */
    static VerbsResult<std::unique_ptr<MadCapture>> Create(
        const std::string& path,
        std::function<void(const std::string&)> broken = nullptr);

    void OnSent(const PortSnapshot& port,
                const ibwire::MadBytes& mad,
                const ibcm::MadAddress& address) override;
    void OnReceived(const PortSnapshot& port, const ibcm::ReceivedMad& mad) override;

  private:
    struct Close
    {
        void operator()(std::FILE* file) const
        {
            std::fclose(file);
        }
    };

    MadCapture(std::unique_ptr<std::FILE, Close> file,
               std::string path,
               std::function<void(const std::string&)> broken);

    void Write(const std::vector<std::uint8_t>& packet);
    /** With the lock held. */
    bool Append(const std::vector<std::uint8_t>& packet);

    const std::string m_path;
    const std::function<void(const std::string&)> m_broken;
    ibcm::OsMutex m_lock; ///< of all below
    std::unique_ptr<std::FILE, Close> m_file;
    bool m_good{true};
};

} // namespace cmverbs

#endif /* IBCM_VERBS_MAD_CAPTURE_H */
