#include "cloudwatch/series.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace squall::lab::cloudwatch {
namespace {

constexpr std::int64_t minute = 60;

std::int64_t begin_of(std::int64_t second, std::int64_t period) { return second - second % period; }

// What begins before `end` is of whole minutes afterwards.
void into_minutes(std::map<std::int64_t, Statistics>& spans, std::int64_t end) {
    for (auto at = spans.begin(); at != spans.end() && at->first < end;) {
        const std::int64_t whole = begin_of(at->first, minute);
        if (whole == at->first) {
            ++at;
            continue;
        }
        const Statistics part = std::move(at->second);
        at = spans.erase(at);
        spans[whole].add(part);
    }
}

} // namespace

std::int64_t epoch_of(WallTime when) {
    return std::chrono::floor<Seconds>(when.time_since_epoch()).count();
}

void Statistics::add_value(double value, double times) {
    minimum = count == 0 ? value : std::min(minimum, value);
    maximum = count == 0 ? value : std::max(maximum, value);
    count += times;
    sum += value * times;
    counts[value] += times;
}

void Statistics::add(const Statistics& other) {
    if (other.count == 0) return;
    minimum = count == 0 ? other.minimum : std::min(minimum, other.minimum);
    maximum = count == 0 ? other.maximum : std::max(maximum, other.maximum);
    count += other.count;
    sum += other.sum;
    has_all_values = has_all_values && other.has_all_values;
    for (const auto& [value, times] : other.counts)
        counts[value] += times;
    if (counts.size() > values_max) has_all_values = false;
    if (!has_all_values) counts.clear();
}

std::optional<double> Statistics::percentile_of(std::string_view statistic) {
    if (!statistic.starts_with('p')) return std::nullopt;
    statistic.remove_prefix(1);
    double percent = 0;
    const auto* const end = statistic.data() + statistic.size();
    const auto read = std::from_chars(statistic.data(), end, percent);
    if (statistic.empty() || read.ec != std::errc() || read.ptr != end || !(percent >= 0)
        || percent > 100)
        return std::nullopt;
    return percent;
}

bool Statistics::is_statistic(std::string_view statistic) {
    return statistic == "SampleCount" || statistic == "Average" || statistic == "Sum"
           || statistic == "Minimum" || statistic == "Maximum";
}

std::optional<double> Statistics::value_of(std::string_view statistic) const {
    if (count == 0) return std::nullopt;
    if (statistic == "SampleCount") return count;
    if (statistic == "Average") return sum / count;
    if (statistic == "Sum") return sum;
    if (statistic == "Minimum") return minimum;
    if (statistic == "Maximum") return maximum;
    const auto percent = percentile_of(statistic);
    if (!percent || !has_all_values) return std::nullopt;
    // The smallest value that so many of the values do not exceed.
    const double wanted = std::max(1.0, std::ceil(count * *percent / 100));
    double passed = 0;
    for (const auto& [value, times] : counts) {
        passed += times;
        if (passed >= wanted) return value;
    }
    return maximum;
}

bool MetricStore::put(const MetricName& metric,
                      const std::string& unit,
                      WallTime when,
                      std::int64_t resolution,
                      const Statistics& statistics) {
    if (!all_.contains(metric) && all_.size() >= series_max) return false;
    Series& series = all_[metric][unit];
    const std::int64_t second = epoch_of(when);
    const auto [span, is_new] =
        series.spans.try_emplace(begin_of(second, resolution == 1 ? 1 : minute));
    span->second.add(statistics);
    series.last_put = std::max(series.last_put, second);
    spans_ += is_new ? 1 : 0;
    if (spans_ > spans_max) drop_oldest();
    return true;
}

// Whoever has most gives half of it away.
void MetricStore::drop_oldest() {
    Series* largest = nullptr;
    for (auto& [metric, units] : all_) {
        for (auto& [unit, series] : units) {
            if (largest == nullptr || series.spans.size() > largest->spans.size())
                largest = &series;
        }
    }
    if (largest == nullptr) return;
    const std::size_t half = (largest->spans.size() + 1) / 2;
    largest->spans.erase(largest->spans.begin(),
                         std::next(largest->spans.begin(), static_cast<std::ptrdiff_t>(half)));
    spans_ -= half;
}

void MetricStore::age(WallTime now) {
    const std::int64_t oldest_second = begin_of(epoch_of(now - seconds_kept), minute);
    const std::int64_t oldest_minute = epoch_of(now - minutes_kept);
    const std::int64_t oldest_listed = epoch_of(now - listed);
    for (auto& [metric, units] : all_) {
        for (auto& [unit, series] : units) {
            auto& spans = series.spans;
            const std::size_t before = spans.size();
            spans.erase(spans.begin(), spans.lower_bound(oldest_minute));
            into_minutes(spans, oldest_second);
            spans_ -= before - spans.size();
        }
        std::erase_if(units, [&](const auto& entry) {
            return entry.second.spans.empty() && entry.second.last_put < oldest_listed;
        });
    }
    std::erase_if(all_, [](const auto& entry) { return entry.second.empty(); });
}

std::map<std::int64_t, Statistics> MetricStore::in_periods(const MetricName& metric,
                                                           std::string_view unit,
                                                           std::int64_t start,
                                                           std::int64_t end,
                                                           std::int64_t period) const {
    std::map<std::int64_t, Statistics> periods;
    const auto found = all_.find(metric);
    if (found == all_.end()) return periods;
    for (const auto& [name, series] : found->second) {
        if (!unit.empty() && name != unit) continue;
        const auto last = series.spans.lower_bound(end);
        for (auto at = series.spans.lower_bound(begin_of(start, period)); at != last; ++at)
            periods[begin_of(at->first, period)].add(at->second);
    }
    return periods;
}

std::vector<std::string> MetricStore::units_of(const MetricName& metric) const {
    std::vector<std::string> units;
    if (const auto found = all_.find(metric); found != all_.end()) {
        for (const auto& [unit, series] : found->second)
            units.push_back(unit);
    }
    return units;
}

} // namespace squall::lab::cloudwatch
