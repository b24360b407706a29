# squall ecs-agent-stop start
$run = 'r-1'
$not_after = '1700000030'
$is_certain = 'no'
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
$left = [long]$not_after - $now
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
