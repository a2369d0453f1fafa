// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/message-fields.h"

#include "ib-wire/model/gid.h"

#include <array>
#include <cctype>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace lab
{

namespace
{

using ibwire::CmMessage;

constexpr std::string_view kTransactionId = "transaction-id";
constexpr unsigned kByteBits = 8;
constexpr std::size_t kNumberBytes = 8;

/** "Remote QPN/EECN" becomes "remote-qpn-eecn". */
std::string NameOf(std::string_view layoutName)
{
    std::string name;
    for (const char c : layoutName)
    {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0)
        {
            name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
        else if (!name.empty() && name.back() != '-')
        {
            name += '-';
        }
    }
    return name;
}

template <class T>
constexpr bool kIsNumber = std::is_unsigned_v<T> || std::is_enum_v<T>;

/** @return false if the value does not fit into the member; the codec looks at the field itself. */
template <class T>
bool Assign(T& member, std::uint64_t value)
{
    if constexpr (kIsNumber<T>)
    {
        member = static_cast<T>(value);
        return static_cast<std::uint64_t>(member) == value;
    }
    else if constexpr (std::is_same_v<T, ibwire::Gid>)
    {
        member = ibwire::Gid::From(ibwire::kDefaultGidPrefix, value);
        return true;
    }
    else
    {
        member = {};
        for (std::size_t i = 0; i < kNumberBytes && i < member.size(); ++i)
        {
            member[i] = static_cast<std::uint8_t>(value >> (kByteBits * (kNumberBytes - 1 - i)));
        }
        return true;
    }
}

template <class T>
std::uint64_t ValueOf(const T& member)
{
    if constexpr (kIsNumber<T>)
    {
        return static_cast<std::uint64_t>(member);
    }
    else if constexpr (std::is_same_v<T, ibwire::Gid>)
    {
        return member.Guid();
    }
    else
    {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < kNumberBytes; ++i)
        {
            value = (value << kByteBits) | (i < member.size() ? member[i] : 0U);
        }
        return value;
    }
}

/** Calls @p visit with the member that the field fills. */
template <class M, class Visit>
bool VisitField(M& message, std::string_view field, Visit visit)
{
    bool found = false;
    std::apply(
        [&](const auto&... row)
        {
            const auto look = [&](const auto& one)
            {
                if (!found && NameOf(one.name) == field)
                {
                    found = true;
                    visit(message.*(one.kMember));
                }
            };
            (look(row), ...);
        },
        std::remove_const_t<M>::Fields());
    return found;
}

template <std::size_t... I>
std::optional<CmMessage> EmptyOf(ibwire::CmAttribute kind, std::index_sequence<I...> /*all*/)
{
    std::optional<CmMessage> made;
    const auto look = [&](auto message)
    {
        if (ibwire::kAttributeOf<decltype(message)> == kind)
        {
            made = message;
        }
    };
    (look(std::variant_alternative_t<I, CmMessage>{}), ...);
    return made;
}

std::optional<CmMessage> EmptyOf(ibwire::CmAttribute kind)
{
    return EmptyOf(kind, std::make_index_sequence<std::variant_size_v<CmMessage>>{});
}

} // namespace

std::optional<ibwire::CmAttribute> MessageKind(std::string_view name)
{
    using K = ibwire::CmAttribute;
    constexpr std::array kKinds{K::kReq,
                                K::kMra,
                                K::kRej,
                                K::kRep,
                                K::kRtu,
                                K::kDreq,
                                K::kDrep,
                                K::kSidrReq,
                                K::kSidrRep,
                                K::kLap,
                                K::kApr};
    for (const K kind : kKinds)
    {
        if (ibwire::ToString(kind) == name)
        {
            return kind;
        }
    }
    return std::nullopt;
}

std::vector<std::string> FieldNames(ibwire::CmAttribute kind)
{
    std::vector<std::string> names;
    if (const auto message = EmptyOf(kind))
    {
        names.emplace_back(kTransactionId);
        std::visit(
            [&](const auto& one)
            {
                std::apply([&](const auto&... row) { (names.push_back(NameOf(row.name)), ...); },
                           std::remove_cvref_t<decltype(one)>::Fields());
            },
            *message);
    }
    return names;
}

ibwire::MadBytes EmptyMessage(ibwire::CmAttribute kind)
{
    const auto message = EmptyOf(kind);
    return message ? ibwire::EncodeCm({}, *message).value_or(ibwire::MadBytes{})
                   : ibwire::MadBytes{};
}

std::optional<std::uint64_t> ReadField(const ibwire::MadBytes& mad, std::string_view field)
{
    if (field == kTransactionId)
    {
        return ibwire::DecodeHeader(mad).transactionId;
    }
    const auto message = ibwire::DecodeCm(mad);
    std::uint64_t value = 0;
    const bool found =
        message &&
        std::visit(
            [&](const auto& one) {
                return VisitField(one, field, [&](const auto& member) { value = ValueOf(member); });
            },
            *message);
    return found ? std::optional(value) : std::nullopt;
}

bool WriteField(ibwire::MadBytes& mad, std::string_view field, std::uint64_t value)
{
    ibwire::MadHeader header = ibwire::DecodeHeader(mad);
    if (field == kTransactionId)
    {
        header.transactionId = value;
        ibwire::EncodeHeader(header, mad);
        return true;
    }
    auto message = ibwire::DecodeCm(mad);
    bool fits = false;
    const bool found =
        message &&
        std::visit(
            [&](auto& one)
            { return VisitField(one, field, [&](auto& member) { fits = Assign(member, value); }); },
            *message);
    if (!found || !fits)
    {
        return false;
    }
    const auto encoded = ibwire::EncodeCm(header, *message);
    if (!encoded)
    {
        return false;
    }
    mad = *encoded;
    return true;
}

} // namespace lab
