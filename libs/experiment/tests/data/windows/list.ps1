# squall ecs-agent-stop list
$ErrorActionPreference = 'Stop'
$service = 'AmazonECS'
$base = Join-Path $env:ProgramData 'Squall'
$hold = Join-Path $base 'ecs-agent-stop'
$over = Join-Path $base 'over'
function Get-Now { [DateTimeOffset]::UtcNow.ToUnixTimeSeconds() }
function Read-Record($name) {
    $text = Get-Content -LiteralPath (Join-Path $hold $name) -TotalCount 1 -ErrorAction SilentlyContinue
    ([string]$text) -replace '[^A-Za-z0-9-]', ''
}
function Remove-IfEmpty($path) {
    if ((Test-Path -LiteralPath $path) -and -not (Get-ChildItem -LiteralPath $path -Force)) {
        Remove-Item -LiteralPath $path -ErrorAction SilentlyContinue
    }
}
$now = Get-Now
function Tell($found, $run = '', $until = '') {
    $run = ([string]$run) -replace '[^A-Za-z0-9-]', ''
    if (-not $until) { $until = 0 }
    [ordered]@{
        squall = 'ecs-agent-stop'; found = $found; run = $run; until = [long]$until; host_time = $now
    } | ConvertTo-Json -Compress
}
if (Read-Record 'run') { Tell 'hold' (Read-Record 'run') (Read-Record 'until') }
elseif (Test-Path -LiteralPath $hold) { Tell 'foreign' }
Get-ChildItem -Path "$hold.*" -ErrorAction SilentlyContinue | ForEach-Object {
    Tell 'part' (($_.Name -split '\.')[1])
}
Get-ChildItem -Path $over -ErrorAction SilentlyContinue | ForEach-Object { Tell 'tombstone' $_.Name }
Get-ScheduledTask -TaskName 'squall-*-undo' -ErrorAction SilentlyContinue | ForEach-Object {
    Tell 'timer' ($_.TaskName -replace '^squall-(.*)-undo$', '$1')
}
'{"squall":"ecs-agent-stop","did":"listed"}'
exit 0
