"""What the documents of other systems show, to the letter."""

THREE_TASKS = """
[[tasks]]
id          = "gc"
cron        = "5m"
description = "garbage collect expired tokens"

[[tasks]]
id          = "daily-report"
cron        = "@daily"
description = "email yesterday's traffic report"
config_json = '{"recipients":["ops@example.com"]}'

[[tasks]]
id          = "cache-warm"
cron        = "*/10 * * * *"
description = "warm edge cache for top 100 pages"
"""
