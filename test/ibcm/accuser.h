// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef WEFT_TEST_IBCM_ACCUSER_H
#define WEFT_TEST_IBCM_ACCUSER_H

#include "ibcm/model/runtime.h"

#include <string>
#include <vector>

namespace ibcm::test
{

/** Writes down what is violated, and hands all else on. */
class Accuser final : public Observer
{
  public:
    explicit Accuser(Observer* next = nullptr)
        : m_next(next)
    {
    }

    void OnSync(SyncKind kind, const void* object, const char* site) override
    {
        if (kind == SyncKind::kReferenceGet)
        {
            found = object;
        }
        if (m_next != nullptr)
        {
            m_next->OnSync(kind, object, site);
        }
    }
    void OnAccess(const void*, const char*, bool) override
    {
    }
    void OnMade(const char* objectClass,
                std::uint64_t ordinal,
                const void* object,
                std::size_t bytes) override
    {
        if (m_next != nullptr)
        {
            m_next->OnMade(objectClass, ordinal, object, bytes);
        }
    }
    void OnFreed(const void* object) override
    {
        if (m_next != nullptr)
        {
            m_next->OnFreed(object);
        }
    }
    void OnViolation(const char* invariant, const void* object, const char*) override
    {
        violated.emplace_back(invariant);
        last = object;
    }

    std::vector<std::string> violated;
    const void* last{nullptr};  ///< that was violated
    const void* found{nullptr}; ///< the id that was looked up last

  private:
    Observer* const m_next;
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_ACCUSER_H
