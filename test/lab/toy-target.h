// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_LAB_TOY_TARGET_H
#define TEST_LAB_TOY_TARGET_H

#include "lab/helper/campaign-target.h"

namespace lab
{

/** What goes wrong in a toy when the tasks come in an unlucky order, some once in eight runs. */
struct ToyOptions
{
    bool deadlock{true}; ///< two locks in both orders
    bool leak{true};     ///< a violation of another signature
    int crash{0};        ///< a signal that the program raises, 0: none
    bool hang{false};    ///< a loop without a visible operation
    bool wrong{false};   ///< the target cannot be made
};

/**
 * A small program with known defects, and the strategy "coin" (each choice at random) besides those
 * of interleave.
 */
MakeTarget MakeToyTarget(const ToyOptions& options = {});

} // namespace lab

#endif // TEST_LAB_TOY_TARGET_H
