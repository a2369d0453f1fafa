// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_SA_CLIENT_H
#define IB_SA_CLIENT_H

#include "ib-fabric/model/ib-mad-service.h"
#include "ib-wire/model/sa.h"

#include <ns3/event-id.h>
#include <ns3/nstime.h>
#include <ns3/object.h>

#include <tl/expected.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace ns3
{

/** \ingroup infiniband Why a query of the subnet administrator has no result. */
struct SaError
{
    /** The kinds of failure. */
    enum class Kind : std::uint8_t
    {
        kNotSent, //!< the port is not active, or does not know its subnet manager
        kTimeout, //!< no answer in spite of all retries
        kRefused, //!< the answer has a status other than success
    };

    Kind kind{Kind::kTimeout};
    std::uint16_t status{0}; //!< of kRefused: MAD status, with the SA status in bits 15..8

    /** \returns the error in words */
    std::string ToString() const;
};

/**
 * \ingroup infiniband
 * Asks the subnet administrator for paths, with time-outs and retries. "Busy" counts as no answer.
 * May be used from any event or task; handlers run in events of their own.
 */
class SaClient : public Object
{
  public:
    /** Called once for each query that was not cancelled. */
    using PathHandler =
        std::function<void(const tl::expected<ibwire::PathRecord, SaError>& result)>;

    /** \returns the TypeId */
    static TypeId GetTypeId();

    SaClient();

    /** \param service QP1 of the port that asks */
    void Install(Ptr<IbMadService> service);

    /**
     * Asks for the path from this port to another.
     * \param dgid the other port
     * \param handler gets the result
     * \returns a number to cancel the query by
     */
    std::uint32_t QueryPath(const ibwire::Gid& dgid, PathHandler handler);

    /**
     * Asks for a path.
     * \param record what is known of it
     * \param mask which components of the record count (ibwire::PathComponent)
     * \param handler gets the result
     * \returns a number to cancel the query by
     */
    std::uint32_t QueryPath(const ibwire::PathRecord& record,
                            std::uint64_t mask,
                            PathHandler handler);

    /** \param query whose handler shall not be called any more; an unknown one is ignored */
    void Cancel(std::uint32_t query);

    /** Forgets all queries without calling their handlers; numbers start afresh. */
    void Reset();

  protected:
    void DoDispose() override;

  private:
    struct Query
    {
        ibwire::MadBytes mad;
        PathHandler handler;
        std::uint32_t triesLeft;
        EventId timer;
    };

    void Try(std::uint32_t number);
    void Receive(const IbMadReceived& received);
    void Finish(std::uint32_t number, const tl::expected<ibwire::PathRecord, SaError>& result);

    Ptr<IbMadService> m_service;
    std::uint32_t m_agent{0};
    std::uint32_t m_nextQuery{1};
    std::map<std::uint32_t, Query> m_queries;
    Time m_timeout;
    std::uint32_t m_retries{0};
};

} // namespace ns3

#endif // IB_SA_CLIENT_H
