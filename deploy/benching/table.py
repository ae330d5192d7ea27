"""The table of deploy/bench: medians of its rounds, and their ratios to nginx and to the server asked directly.

Usage: table.py ROWS, a file of tab-separated lines: round, work, connections, load, subject, requests, microseconds,
cpu_us, p50_us, p99_us, errors, rss_kb."""

import collections
import statistics
import sys

rows = collections.defaultdict(list)
order = []
for line in open(sys.argv[1]):
    _, work, connections, load, subject, *numbers = line.rstrip("\n").split("\t")
    requests, wall, cpu, p50, p99, errors, rss = map(int, numbers)
    if (work, int(connections), load) not in order:
        order.append((work, int(connections), load))
    rows[work, int(connections), load, subject].append(
        {
            "rate": requests / wall * 1e6,
            "cpu": cpu / max(requests, 1),
            "busy": cpu / wall,
            "p50": p50 / 1000,
            "p99": p99 / 1000,
            "errors": errors,
            "rss": rss / 1024,
        }
    )


def median(key, name):
    return statistics.median(row[name] for row in rows[key])


def ratio(one, other):
    return f"{one / other:6.2f}" if one and other else "     -"


def spread(key, name):
    values = [row[name] for row in rows[key]]
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle * 100 if middle else 0


print(f"{'work':<10} {'conns':>5} {'load':<5} {'subject':<14} {'req/s':>9} {'±%':>4} {'x nginx':>7} {'x direct':>8} "
      f"{'CPU µs':>8} {'x nginx':>7} {'busy':>5} {'p50 ms':>7} {'p99 ms':>7} {'MB':>6} {'errors':>6}")
for work, connections, load in order:
    for subject in ("direct", "nginx", "memory", "redis"):
        key = (work, connections, load, subject)
        if key not in rows:
            continue
        nginx, direct = (work, connections, load, "nginx"), (work, connections, load, "direct")
        rate, cpu = median(key, "rate"), median(key, "cpu")
        of = lambda other, name: median(other, name) if other in rows else 0
        name = {"memory": "ours", "redis": "ours, Redis"}.get(subject, subject)
        print(f"{work:<10} {connections:>5} {load:<5} {name:<14} {rate:>9.0f} {spread(key, 'rate'):>4.0f} "
              f"{ratio(rate, of(nginx, 'rate')):>7} {ratio(rate, of(direct, 'rate')):>8} "
              + (f"{cpu:>8.1f} {ratio(cpu, of(nginx, 'cpu')):>7} {median(key, 'busy') * 100:>4.0f}%" if subject != "direct" else f"{'-':>8} {'-':>7} {'-':>5}")
              + f" {median(key, 'p50'):>7.2f} {median(key, 'p99'):>7.2f} {median(key, 'rss'):>6.0f} {sum(row['errors'] for row in rows[key]):>6}")
print()
print("Half load: all subjects at the same rate, half of what ours with Redis did at most; what is added is the difference to direct.")
for work, connections, load in order:
    if load != "half":
        continue
    for subject in ("nginx", "memory", "redis"):
        key, direct = (work, connections, load, subject), (work, connections, load, "direct")
        if key in rows and direct in rows:
            name = {"memory": "ours", "redis": "ours, Redis"}.get(subject, subject)
            print(f"added at half load, {work}, {connections} connections, {name:<12} p50 {median(key, 'p50') - median(direct, 'p50'):6.2f} ms   p99 {median(key, 'p99') - median(direct, 'p99'):6.2f} ms")
