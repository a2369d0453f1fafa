// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_VERBS_ERROR_H
#define IBCM_VERBS_VERBS_ERROR_H

#include <tl/expected.hpp>

#include <string>

namespace cmverbs
{

/** Why something that the system was asked for did not come about. */
struct VerbsError
{
    int code{0};      ///< of <cerrno>, positive, as a program that uses rdma_cm would get it
    std::string text; ///< what failed and on what, for a person, without the code
};

template <class T>
using VerbsResult = tl::expected<T, VerbsError>;
using VerbsStatus = tl::expected<void, VerbsError>;

} // namespace cmverbs

#endif /* IBCM_VERBS_VERBS_ERROR_H */
