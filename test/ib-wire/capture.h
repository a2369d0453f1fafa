// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Reading the RoCEv2 captures under test/data/pcaps, and asking tshark about a capture.
 */
#ifndef WEFT_TEST_IB_WIRE_CAPTURE_H
#define WEFT_TEST_IB_WIRE_CAPTURE_H

#include "ib-wire/model/mad.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ibwiretest
{

/** One RoCEv2 frame. */
struct RoceFrame
{
    unsigned number{};                   ///< in the file, from 1, as tshark counts
    std::vector<std::uint8_t> packet;    ///< from the IP header to the last byte before the ICRC
    std::vector<std::uint8_t> icrc;      ///< four bytes as captured
    std::size_t bthAt{};                 ///< where in the packet the BTH starts
    std::optional<ibwire::MadBytes> mad; ///< if it is a MAD for QP 1
};

/** The names of all captures, without folder. */
std::vector<std::string> CaptureNames();

/** The path of a capture, from the top of the checkout. */
std::string CapturePath(const std::string& name);

/** All frames of a capture to UDP port 4791; throws std::runtime_error if it cannot be read. */
std::vector<RoceFrame> ReadRoceFrames(const std::string& path);

/** True if a tshark can be run. */
bool HaveTshark();

/**
 * What tshark says of the frames of a capture that pass its display filter: an array with an object
 * for each, the content of "layers". Throws std::runtime_error if tshark fails.
 */
nlohmann::json AskTshark(const std::string& path, const std::string& filter);

} // namespace ibwiretest

#endif // WEFT_TEST_IB_WIRE_CAPTURE_H
