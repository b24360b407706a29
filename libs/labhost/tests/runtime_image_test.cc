#include "runtime/image.h"

#include <gtest/gtest.h>

namespace squall::labhost::runtime {
namespace {

TEST(ImageName, IsTheSameHoweverMuchOfItIsLeftOut) {
    for (const char* name : {"squall/web",
                             "squall/web:latest",
                             "docker.io/squall/web",
                             "index.docker.io/squall/web:latest",
                             "docker.io/library/squall/web"})
        EXPECT_EQ(familiar_image_name(name), "squall/web:latest") << name;
    EXPECT_EQ(familiar_image_name("busybox"), "busybox:latest");
    EXPECT_EQ(familiar_image_name("library/busybox:1.36"), "busybox:1.36");
}

TEST(ImageName, KeepsTheRegistryPortAndDigestOfOthers) {
    EXPECT_EQ(familiar_image_name("localhost:5000/web"), "localhost:5000/web:latest");
    EXPECT_EQ(familiar_image_name("localhost:5000/web:2"), "localhost:5000/web:2");
    EXPECT_EQ(familiar_image_name("web@sha256:00"), "web@sha256:00");
}

TEST(Images, AreFoundByNameAndById) {
    const auto images = built_in_images();
    const Image* web = find_image(images, "squall/web");
    ASSERT_NE(web, nullptr);
    EXPECT_EQ(find_image(images, web->id), web);
    EXPECT_EQ(find_image(images, web->id.substr(7)), web);
    EXPECT_EQ(find_image(images, web->id.substr(7, 12)), web);
    EXPECT_EQ(find_image(images, "squall/web:2"), nullptr);
    EXPECT_EQ(find_image(images, "web"), nullptr);
    EXPECT_EQ(find_image(images, ""), nullptr);
}

TEST(Images, KeepTheirIdsFromStartToStart) {
    EXPECT_EQ(built_in_images()[0].id, built_in_images()[0].id);
    EXPECT_NE(built_in_images()[0].id, built_in_images()[1].id);
    EXPECT_EQ(built_in_images()[0].id.size(), 7 + 64U);
}

} // namespace
} // namespace squall::labhost::runtime
