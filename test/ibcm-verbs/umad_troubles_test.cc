// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/umad-troubles.h"
#include "ibcm-verbs/model/verbs-device.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace cmverbs::test
{
namespace
{

/** A folder like /sys/module. */
class Modules : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "modules-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        m_root = pattern;
    }

    void TearDown() override
    {
        std::filesystem::remove_all(m_root);
    }

    void Load(const std::string& module, const std::vector<std::string>& users = {})
    {
        const auto holders = std::filesystem::path(m_root) / module / "holders";
        std::filesystem::create_directories(holders);
        for (const std::string& user : users)
        {
            std::filesystem::create_directory(holders / user);
        }
    }

    std::string m_root;
};

TEST_F(Modules, AreUnloadedUsersFirst)
{
    Load("ib_cm", {"rdma_cm", "ib_ipoib"});
    Load("rdma_cm", {"rdma_ucm", "nvme_rdma"});
    Load("rdma_ucm");
    Load("nvme_rdma");
    Load("ib_ipoib");
    const auto order = UnloadOrder(ReadKernelModules(m_root), "ib_cm");
    EXPECT_EQ(order,
              (std::vector<std::string>{"ib_ipoib", "nvme_rdma", "rdma_ucm", "rdma_cm", "ib_cm"}));
}

TEST_F(Modules, ThatHoldTheClassAreNamed)
{
    Load("ib_umad");
    Load("ib_cm", {"rdma_cm"});
    Load("rdma_cm", {"rdma_ucm"});
    Load("rdma_ucm");
    const auto error = WhyNotRegistered("rxe0", 1, EINVAL, ReadKernelModules(m_root));
    EXPECT_EQ(error.code, EBUSY);
    EXPECT_NE(error.text.find("modprobe -r rdma_ucm rdma_cm ib_cm"), std::string::npos)
        << error.text;
    EXPECT_NE(error.text.find("port 1 of rxe0"), std::string::npos) << error.text;
}

TEST_F(Modules, AreNotBlamedIfAnotherProgramHasTheClass)
{
    Load("ib_umad");
    const auto error = WhyNotRegistered("rxe0", 1, EINVAL, ReadKernelModules(m_root));
    EXPECT_EQ(error.code, EBUSY);
    EXPECT_EQ(error.text.find("modprobe"), std::string::npos) << error.text;
    EXPECT_NE(error.text.find("another program"), std::string::npos) << error.text;
}

TEST_F(Modules, ThatAreMissingAreNamed)
{
    const auto error = WhyNoUmadDevice("rxe0", 1, EIO, ReadKernelModules(m_root));
    EXPECT_EQ(error.code, ENOENT);
    EXPECT_NE(error.text.find("modprobe ib_umad"), std::string::npos) << error.text;
}

TEST_F(Modules, AreFineButThePermissionIsMissing)
{
    Load("ib_umad");
    const auto error = WhyNoUmadDevice("rxe0", 1, EACCES, ReadKernelModules(m_root));
    EXPECT_EQ(error.code, EACCES);
    EXPECT_NE(error.text.find("/dev/infiniband/umad"), std::string::npos) << error.text;
}

TEST(ChooseDevice, TakesTheOnlyOneOrTheNamedOne)
{
    EXPECT_EQ(ChooseDevice({"mlx5_0"}, "").value(), 0U);
    EXPECT_EQ(ChooseDevice({"mlx5_0", "rxe0"}, "rxe0").value(), 1U);
}

TEST(ChooseDevice, SaysWhatThereIs)
{
    const auto none = ChooseDevice({}, "rxe0");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ENODEV);
    EXPECT_NE(none.error().text.find("no RDMA device"), std::string::npos);
    const auto many = ChooseDevice({"mlx5_0", "rxe0"}, "");
    ASSERT_FALSE(many);
    EXPECT_NE(many.error().text.find("mlx5_0, rxe0"), std::string::npos) << many.error().text;
    const auto wrong = ChooseDevice({"mlx5_0", "rxe0"}, "rxe1");
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().text.find("'rxe1'"), std::string::npos) << wrong.error().text;
}

} // namespace
} // namespace cmverbs::test
