# squall ecs-agent-stop remove
$runs = 'r-1 r-2'
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
foreach ($run in $runs -split ' ') {
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
