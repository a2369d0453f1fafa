// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tshark-text.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace ibwiretest
{

namespace
{

void AddLeaves(const nlohmann::json& value, const std::string& name, TsharkFields& leaves)
{
    if (value.is_object())
    {
        for (const auto& [key, inner] : value.items())
        {
            AddLeaves(inner, key, leaves);
        }
    }
    else if (value.is_array() && !value.empty())
    {
        AddLeaves(value[0], name, leaves);
    }
    else if (value.is_string())
    {
        leaves.emplace(name, value.get<std::string>());
    }
}

std::string WithoutColons(const std::string& text)
{
    std::string digits;
    for (const char c : text)
    {
        if (c != ':')
        {
            digits += c;
        }
    }
    return digits;
}

} // namespace

bool FieldValue::Is(const std::string& text) const
{
    switch (kind)
    {
    case kNumber:
    {
        char* end = nullptr;
        return std::strtoull(text.c_str(), &end, 0) == number && *end == '\0' && !text.empty();
    }
    case kGid:
    {
        // An IPv6 address, an IPv4 address, or plain bytes: it depends on the field.
        const auto v6 = ParseGid(text);
        const auto v4 = ParseGid("::ffff:" + text);
        return WithoutColons(text) == hex || (v6 && Hex(v6->raw) == hex) ||
               (v4 && Hex(v4->raw) == hex);
    }
    case kBytes:
        return WithoutColons(text) == hex;
    }
    return false;
}

std::string Hex(std::span<const std::uint8_t> bytes)
{
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes)
    {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 0xf];
    }
    return text;
}

TsharkFields Flatten(const nlohmann::json& layers)
{
    TsharkFields leaves;
    AddLeaves(layers, "", leaves);
    return leaves;
}

TemporaryFile::TemporaryFile(const std::string& stem)
    : m_path(testing::TempDir() + stem + "-" + std::to_string(getpid()))
{
}

TemporaryFile::~TemporaryFile()
{
    std::error_code ignored; // it may never have been written
    std::filesystem::remove(m_path, ignored);
}

const std::string& TemporaryFile::Path() const
{
    return m_path;
}

} // namespace ibwiretest
