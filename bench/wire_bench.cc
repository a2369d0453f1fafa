// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What reading and writing a MAD costs, beside copying its 256 bytes; and the speed of both CRCs.
#include "ib-wire/model/cm-messages.h"
#include "ib-wire/model/crc.h"
#include "ib-wire/model/smp.h"

#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

namespace
{

using namespace ibwire;

MadBytes CountingMad()
{
    MadBytes mad;
    for (std::size_t i = 0; i < mad.size(); ++i)
    {
        mad[i] = static_cast<std::uint8_t>(i * 37);
    }
    return mad;
}

void BM_Memcpy256(benchmark::State& state)
{
    const MadBytes from = CountingMad();
    MadBytes to{};
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(from.data());
        std::memcpy(to.data(), from.data(), to.size());
        benchmark::DoNotOptimize(to.data());
        benchmark::ClobberMemory();
    }
}

BENCHMARK(BM_Memcpy256);

template <class M>
void Decoding(benchmark::State& state)
{
    const MadBytes mad = CountingMad();
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(mad.data());
        M message = Unpack<M>(CmData(mad));
        benchmark::DoNotOptimize(&message);
        benchmark::ClobberMemory();
    }
}

template <class M>
void Encoding(benchmark::State& state)
{
    MadBytes mad = CountingMad();
    M message = Unpack<M>(CmData(mad));
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(&message);
        const bool good = Encode(message, CmData(mad)).has_value();
        benchmark::DoNotOptimize(good);
        benchmark::DoNotOptimize(mad.data());
        benchmark::ClobberMemory();
    }
}

BENCHMARK(Decoding<CmReq>)->Name("BM_DecodeReq");
BENCHMARK(Encoding<CmReq>)->Name("BM_EncodeReq");
BENCHMARK(Decoding<CmMra>)->Name("BM_DecodeMra");
BENCHMARK(Encoding<CmMra>)->Name("BM_EncodeMra");
BENCHMARK(Decoding<CmRej>)->Name("BM_DecodeRej");
BENCHMARK(Encoding<CmRej>)->Name("BM_EncodeRej");
BENCHMARK(Decoding<CmRep>)->Name("BM_DecodeRep");
BENCHMARK(Encoding<CmRep>)->Name("BM_EncodeRep");
BENCHMARK(Decoding<CmRtu>)->Name("BM_DecodeRtu");
BENCHMARK(Encoding<CmRtu>)->Name("BM_EncodeRtu");
BENCHMARK(Decoding<CmDreq>)->Name("BM_DecodeDreq");
BENCHMARK(Encoding<CmDreq>)->Name("BM_EncodeDreq");
BENCHMARK(Decoding<CmDrep>)->Name("BM_DecodeDrep");
BENCHMARK(Encoding<CmDrep>)->Name("BM_EncodeDrep");
BENCHMARK(Decoding<CmSidrReq>)->Name("BM_DecodeSidrReq");
BENCHMARK(Encoding<CmSidrReq>)->Name("BM_EncodeSidrReq");
BENCHMARK(Decoding<CmSidrRep>)->Name("BM_DecodeSidrRep");
BENCHMARK(Encoding<CmSidrRep>)->Name("BM_EncodeSidrRep");
BENCHMARK(Decoding<CmLap>)->Name("BM_DecodeLap");
BENCHMARK(Encoding<CmLap>)->Name("BM_EncodeLap");
BENCHMARK(Decoding<CmApr>)->Name("BM_DecodeApr");
BENCHMARK(Encoding<CmApr>)->Name("BM_EncodeApr");

/** By attribute id, with the checks of the header: what a received MAD goes through. */
void BM_DecodeCmReq(benchmark::State& state)
{
    const MadBytes mad = EncodeCm({}, CmReq{}).value();
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(mad.data());
        auto message = DecodeCm(mad);
        benchmark::DoNotOptimize(&message);
        benchmark::ClobberMemory();
    }
}

BENCHMARK(BM_DecodeCmReq);

/** One field straight from the bytes. */
void BM_GetReqServiceId(benchmark::State& state)
{
    const MadBytes mad = CountingMad();
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(mad.data());
        benchmark::DoNotOptimize(Get<&CmReq::serviceId>(CmData(mad)));
    }
}

BENCHMARK(BM_GetReqServiceId);

void BM_DecodePortInfo(benchmark::State& state)
{
    const MadBytes mad = CountingMad();
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(mad.data());
        PortInfo message = UnpackAttribute<PortInfo>(SmpAttributeData(mad));
        benchmark::DoNotOptimize(&message);
        benchmark::ClobberMemory();
    }
}

BENCHMARK(BM_DecodePortInfo);

void BM_Icrc(benchmark::State& state)
{
    std::vector<std::uint8_t> packet(static_cast<std::size_t>(state.range(0)));
    packet[1] = 2; // LNH: BTH follows
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(packet.data());
        benchmark::DoNotOptimize(Icrc(packet));
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK(BM_Icrc)->Arg(284)->Arg(4116);

void BM_Vcrc(benchmark::State& state)
{
    const std::vector<std::uint8_t> packet(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(packet.data());
        benchmark::DoNotOptimize(Vcrc(packet));
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK(BM_Vcrc)->Arg(288)->Arg(4120);

} // namespace

BENCHMARK_MAIN();
