#include "faults/ecs_agent_stop_windows.h"

#include "squall/base/text.h"

namespace squall::experiment {
namespace {

// Where things lie, and how they are looked at. Nothing here runs what it reads from a file: the
// undo is in the scheduled task itself, which only administrators can change.
//   $hold        exists while a run holds this host; it comes and goes whole, by a rename
//   $over\RUN    a run that ended before it began here: its order, should it still come, is void
constexpr std::string_view places = R"ps($ErrorActionPreference = 'Stop'
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
)ps";

constexpr std::string_view common = R"ps($task = "squall-$run-undo"
$now = Get-Now
function Say($did, $why = '', $other = '') {
    [ordered]@{
        squall = 'ecs-agent-stop'; run = $run; did = $did; why = $why; other_run = $other; host_time = $now
    } | ConvertTo-Json -Compress
}
function Test-Running { (Get-Service -Name $service).Status -eq 'Running' }
function Start-Agent {
    Start-Service -Name $service
    (Get-Service -Name $service).WaitForStatus('Running', [TimeSpan]::FromSeconds(30))
}
# Only SYSTEM and administrators may change what lies in our folders.
function New-Folder($path) {
    New-Item -ItemType Directory -Force -Path $path | Out-Null
    icacls.exe $path /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' /Q | Out-Null
}
function Remove-Hold {
    $back = "$hold.$run.back.$PID"
    [IO.Directory]::Move($hold, $back)
    Remove-Item -LiteralPath $back -Recurse -Force -ErrorAction SilentlyContinue
    Remove-IfEmpty $base
}
# Runs $text once, as SYSTEM, $seconds from now; after a reboot too, should that come in between.
function Register-Once($name, $seconds, $text) {
    $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($text))
    $action = New-ScheduledTaskAction -Execute 'powershell.exe' `
        -Argument "-NoProfile -NonInteractive -EncodedCommand $encoded"
    $trigger = New-ScheduledTaskTrigger -Once -At (Get-Date).AddSeconds($seconds)
    $principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -LogonType ServiceAccount -RunLevel Highest
    $settings = New-ScheduledTaskSettingsSet -StartWhenAvailable -AllowStartIfOnBatteries `
        -DontStopIfGoingOnBatteries -ExecutionTimeLimit (New-TimeSpan -Minutes 15)
    Register-ScheduledTask -TaskName $name -Action $action -Trigger $trigger -Principal $principal `
        -Settings $settings -Force | Out-Null
}
function Unregister-Once($name) {
    Unregister-ScheduledTask -TaskName $name -Confirm:$false -ErrorAction SilentlyContinue
}
if (-not (Get-Service -Name $service -ErrorAction SilentlyContinue)) {
    Say 'refused' "there is no service $service"
    exit 0
}
)ps";

constexpr std::string_view stop =
    R"ps(if ($now -gt [long]$not_after) { Say 'too-late' 'the order came after its time'; exit 0 }
$booted = [DateTimeOffset](Get-CimInstance -ClassName Win32_OperatingSystem).LastBootUpTime
if ($booted.ToUnixTimeSeconds() -gt [long]$issued_at) {
    Say 'too-late' 'the host has started anew since the order was given'
    exit 0
}
$left = [Math]::Min([long]$restore_at - $now, [long]$longest)
# The Task Scheduler needs a moment of its own.
if ($left -lt 5) { Say 'too-late' 'the fault would be over at once'; exit 0 }
$mark = Join-Path $over $run
if (Test-Path -LiteralPath $mark) { Say 'too-late' 'the run is over'; exit 0 }
# A hold whose time ended long ago is left from a host that was switched off: its agent came back by itself.
$until = Read-Record 'until'
if ((Read-Record 'run') -and $until -and $now -gt [long]$until + 60) { Remove-Hold }
$new = "$hold.$run.new.$PID"
New-Folder $base
New-Folder $new
Set-Content -LiteralPath (Join-Path $new 'busy') -Value $PID
Set-Content -LiteralPath (Join-Path $new 'run') -Value $run
Set-Content -LiteralPath (Join-Path $new 'until') -Value ($now + $left)
try { [IO.Directory]::Move($new, $hold) } catch {
    Remove-Item -LiteralPath $new -Recurse -Force -ErrorAction SilentlyContinue
    $other = Read-Record 'run'
    if (-not $other) { Say 'failed' "no run made what lies at $hold`: look at it, and remove it"; exit 0 }
    if ($other -eq $run) { Say 'injected' 'by an earlier order of this run' }
    else { Say 'busy' 'another run holds this host' $other }
    exit 0
}
# Asked again, now that whoever ends the run can see the hold: one of the two sees the other.
if (Test-Path -LiteralPath $mark) { Remove-Hold; Say 'too-late' 'the run is over'; exit 0 }
if (-not (Test-Running)) { Remove-Hold; Say 'left' 'the agent was not running'; exit 0 }

# The undo is on the disk, and its time is set, before anything is stopped.
$undo = @"
`$hold = '$hold'
if ((Get-Content -LiteralPath (Join-Path `$hold 'run') -TotalCount 1 -ErrorAction SilentlyContinue) -eq '$run') {
    for (`$tries = 0; `$tries -lt 60; `$tries++) {
        try { Start-Service -Name '$service' -ErrorAction Stop; break } catch { Start-Sleep -Seconds 5 }
    }
    if ((Get-Service -Name '$service').Status -ne 'Running') { exit 1 }
    Rename-Item -LiteralPath `$hold -NewName 'ecs-agent-stop.$run.back.0'
    Remove-Item -LiteralPath "`$hold.$run.back.0" -Recurse -Force
}
Unregister-ScheduledTask -TaskName '$task' -Confirm:`$false
"@
try { Register-Once $task $left $undo } catch {
    Remove-Hold
    Say 'failed' "the undo could not be armed, and nothing was stopped: $($_.Exception.Message)"
    exit 0
}
try {
    Stop-Service -Name $service -Force
    (Get-Service -Name $service).WaitForStatus('Stopped', [TimeSpan]::FromSeconds(60))
} catch { $problem = $_.Exception.Message }
if ((Get-Service -Name $service).Status -ne 'Stopped') {
    try { Start-Agent } catch { $problem = "$problem; $($_.Exception.Message)" }
    Unregister-Once $task
    Remove-Hold
    Say 'failed' "the agent did not stop: $problem"
    exit 0
}
# A host that stood still may have had its undo before its stop.
if ((Read-Record 'run') -ne $run) { Start-Agent; Say 'too-late' 'its undo came first'; exit 0 }
Remove-Item -LiteralPath (Join-Path $hold 'busy') -ErrorAction SilentlyContinue
$now = Get-Now
Say 'injected'
exit 0
)ps";

constexpr std::string_view start = R"ps($left = [long]$not_after - $now
if ((Read-Record 'run') -ne $run -and $left -ge 0) {
    # The order to stop may be still to come, and must not be followed then.
    New-Folder $base
    New-Folder $over
    $mark = Join-Path $over $run
    Set-Content -LiteralPath $mark -Value $not_after
    Register-Once "squall-$run-forget" ($left + 5) @"
Remove-Item -LiteralPath '$mark' -Force -ErrorAction SilentlyContinue
Unregister-ScheduledTask -TaskName 'squall-$run-forget' -Confirm:`$false
"@
}
function Test-Lost { $is_certain -eq 'yes' -and -not (Read-Record 'run') -and -not (Test-Running) }
function Complete-Clean {
    Remove-Item -Path "$hold.$run.*" -Recurse -Force -ErrorAction SilentlyContinue
    Remove-IfEmpty $base
    if (Test-Running) { Say 'clean' }
    else { Say 'clean' "the agent does not run, and this host has no record of the run: log in, and look at $service" }
    exit 0
}
if ((Read-Record 'run') -ne $run -and -not (Test-Lost)) { Complete-Clean }
# The order to stop may be at work this very moment: what it does is undone when it is done.
$busy = Read-Record 'busy'
for ($tries = 0; $busy -and $tries -lt 60; $tries++) {
    if (-not (Test-Path -LiteralPath (Join-Path $hold 'busy'))) { break }
    if (-not (Get-Process -Id $busy -ErrorAction SilentlyContinue)) { break }
    Start-Sleep -Seconds 1
}
$why = ''
if ((Read-Record 'run') -ne $run) {
    if (-not (Test-Lost)) { Complete-Clean }
    $why = 'though what this host had written down of the run was gone'
}
for ($tries = 1; $true; $tries++) {
    try { Start-Agent; break } catch {
        if ($tries -ge 3) {
            Say 'failed' "the agent did not start; its scheduled task tries again: $($_.Exception.Message)"
            exit 1
        }
        Start-Sleep -Seconds 1
    }
}
if ((Read-Record 'run') -eq $run) { Remove-Hold }
Unregister-Once $task
Remove-Item -Path "$hold.$run.*" -Recurse -Force -ErrorAction SilentlyContinue
Remove-IfEmpty $base
$now = Get-Now
Say 'reverted' $why
exit 0
)ps";

// One line of JSON for each thing, and one to say that this was all.
constexpr std::string_view list = R"ps($now = Get-Now
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
)ps";

constexpr std::string_view removal = R"ps(foreach ($run in $runs -split ' ') {
    # A fault that is in is not ended here: its task and its record stay with it.
    if ((Read-Record 'run') -eq $run) { continue }
    foreach ($name in "squall-$run-undo", "squall-$run-forget") {
        Unregister-ScheduledTask -TaskName $name -Confirm:$false -ErrorAction SilentlyContinue
    }
    Remove-Item -Path "$hold.$run.*" -Recurse -Force -ErrorAction SilentlyContinue
    Remove-Item -LiteralPath (Join-Path $over $run) -Force -ErrorAction SilentlyContinue
}
Remove-IfEmpty $over
Remove-IfEmpty $base
exit 0
)ps";

// In single quotes, where nothing but a quote is special.
std::string in_quotes(const std::string& text) { return "'" + replace_all(text, "'", "''") + "'"; }

} // namespace

std::string windows_stop_script(const std::string& run,
                                const std::string& issued_at,
                                const std::string& not_after,
                                const std::string& restore_at,
                                const std::string& longest) {
    return fmt::format(
        "# squall ecs-agent-stop stop\n"
        "$run = {}\n$issued_at = {}\n$not_after = {}\n$restore_at = {}\n$longest = {}\n"
        "{}{}{}",
        in_quotes(run),
        in_quotes(issued_at),
        in_quotes(not_after),
        in_quotes(restore_at),
        in_quotes(longest),
        places,
        common,
        stop);
}

std::string windows_start_script(const std::string& run,
                                 const std::string& not_after,
                                 const std::string& is_certain) {
    return fmt::format("# squall ecs-agent-stop start\n"
                       "$run = {}\n$not_after = {}\n$is_certain = {}\n{}{}{}",
                       in_quotes(run),
                       in_quotes(not_after),
                       in_quotes(is_certain),
                       places,
                       common,
                       start);
}

std::string windows_list_script() {
    return fmt::format("# squall ecs-agent-stop list\n{}{}", places, list);
}

std::string windows_removal_script(const std::vector<std::string>& runs) {
    return fmt::format("# squall ecs-agent-stop remove\n$runs = {}\n{}{}",
                       in_quotes(join(runs, " ")),
                       places,
                       removal);
}

} // namespace squall::experiment
