# squall ecs-agent-stop stop
$run = 'r-1'
$issued_at = '1700000000'
$not_after = '1700000030'
$restore_at = '1700000068'
$longest = '68'
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
$task = "squall-$run-undo"
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
if ($now -gt [long]$not_after) { Say 'too-late' 'the order came after its time'; exit 0 }
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
