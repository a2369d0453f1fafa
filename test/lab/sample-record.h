// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_LAB_SAMPLE_RECORD_H
#define TEST_LAB_SAMPLE_RECORD_H

#include "ib-wire/model/cm-messages.h"
#include "lab/model/run-record.h"

#include <cstdint>
#include <string>

namespace lab
{

/** Puts together what a run might leave behind. */
class SampleRecord
{
  public:
    static constexpr std::uint32_t kActiveId = 0x5a31c2f0;
    static constexpr std::uint32_t kPassiveId = 0x77c0e401;
    static constexpr std::int64_t kFlightNs = 2'130;

    SampleRecord();

    /** A connection as it should be, with a message and a disconnect. */
    static RunRecord Connection();
    /** The same where the first REP is lost. */
    static RunRecord LostRep();

    /** A message from one host to the other that is received kFlightNs later. */
    MadRecord& Send(std::int64_t atNs, const std::string& from, const ibwire::CmMessage& message);
    void State(std::int64_t atNs,
               const std::string& host,
               const char* from,
               const char* to,
               const char* cause);
    void Note(std::int64_t atNs,
              const std::string& host,
              const std::string& peer,
              std::string text);

    static ibwire::CmReq Req();
    static ibwire::CmRep Rep();
    /** An RTU, DREQ or DREP of a host. */
    template <class M>
    static M Short(const std::string& host)
    {
        M message;
        message.localCommId = host == "client" ? kActiveId : kPassiveId;
        message.remoteCommId = host == "client" ? kPassiveId : kActiveId;
        return message;
    }

    RunRecord record;

  private:
    void Disconnect(std::int64_t atNs);
};

} // namespace lab

#endif // TEST_LAB_SAMPLE_RECORD_H
