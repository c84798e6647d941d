# Gives the step's script its functions and runs it. PowerShell 7, nothing beyond what it brings along.
$ErrorActionPreference = 'Stop'
$MaximumVariableCount = 32768
$PSNativeCommandArgumentPassing = 'Legacy'

$OctopusParameters = [Collections.Generic.Dictionary[string,string]]::new([StringComparer]::OrdinalIgnoreCase)
foreach ($argonautLine in [IO.File]::ReadAllLines((Join-Path $PSScriptRoot 'variables.txt'))) {
  $argonautName, $argonautValue = $argonautLine.Split(' ') | ForEach-Object { [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($_)) }
  $OctopusParameters[$argonautName] = $argonautValue
}

function Convert-ServiceMessageValue([string]$value) {
  [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($value))
}

function Write-ArgonautMessage([string]$name, [Collections.IDictionary]$attributes) {
  $pairs = -join ($attributes.GetEnumerator() | ForEach-Object { " $($_.Key)='$(Convert-ServiceMessageValue $_.Value)'" })
  [Console]::Out.WriteLine("##octopus[$name$pairs]")
}

function Write-ArgonautLevel([string]$level, [string]$message) {
  [Console]::Out.WriteLine("##octopus[stdout-$level]")
  [Console]::Out.WriteLine($message)
  [Console]::Out.WriteLine('##octopus[stdout-default]')
}

function Set-OctopusVariable([string]$name, [string]$value, [switch]$sensitive) {
  $attributes = [ordered]@{ name = $name; value = $value }
  if ($sensitive) { $attributes.sensitive = 'True' }
  Write-ArgonautMessage 'setVariable' $attributes
}

function New-OctopusArtifact {
  param(
    [Parameter(Mandatory = $true, Position = 0, ValueFromPipeline = $true, ValueFromPipelineByPropertyName = $true)]
    [Alias('FullPath', 'FullName', 'FilePath')][string]$Path,
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = $true)][string]$Name
  )
  process {
    $full = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
    $shown = if ($Name) { $Name } else { [IO.Path]::GetFileName($full) }
    Write-ArgonautMessage 'createArtifact' ([ordered]@{ path = $full; name = $shown })
  }
}

function Update-Progress([int]$percentage, [string]$message) {
  Write-ArgonautMessage 'progress' ([ordered]@{ percentage = "$percentage"; message = $message })
}

function Fail-Step([string]$message) {
  if ($message) { Write-ArgonautMessage 'resultMessage' ([ordered]@{ message = $message }) }
  exit -1
}

function Set-EnvironmentState([string]$key, [string]$value, [switch]$sensitive, [string]$type = 'State') {
  $attributes = [ordered]@{ key = $key; value = $value; type = $type }
  if ($sensitive) { $attributes.sensitive = 'True' }
  Write-ArgonautMessage 'set-environmentstate' $attributes
}

function Set-EnvironmentUrl([string]$key, [string]$url) { Set-EnvironmentState -key $key -value $url -type 'Url' }

function New-OctopusTarget([string]$Name, [string]$TargetId, [string]$Inputs, [string]$Roles, [string]$WorkerPoolIdOrName, [switch]$UpdateIfExisting) {
  Write-ArgonautMessage 'createStepPackageTarget' ([ordered]@{
      name = $Name; targetId = $TargetId; inputs = $Inputs; octopusRoles = $Roles
      octopusDefaultWorkerPoolIdOrName = $WorkerPoolIdOrName; updateIfExisting = "$([bool]$UpdateIfExisting)"
    })
}

function Remove-OctopusTarget([string]$targetIdOrName) {
  Write-ArgonautMessage 'delete-target' ([ordered]@{ machine = $targetIdOrName })
}

function Report-KubernetesManifest([string]$manifest, [string]$namespace) {
  $attributes = [ordered]@{ manifest = $manifest }
  if ($namespace) { $attributes.ns = $namespace }
  Write-ArgonautMessage 'k8s-manifest-applied' $attributes
}

function Report-KubernetesManifestFile([string]$path, [string]$namespace) {
  foreach ($document in ((Get-Content -Raw -LiteralPath $path) -split '(?m)^---.*$')) {
    if ($document.Trim()) { Report-KubernetesManifest $document.TrimStart("`r", "`n") $namespace }
  }
}

function Execute-WithRetry([scriptblock]$command, [int]$maxFailures = 3, [int]$sleepBetweenFailures = 1) {
  for ($failures = 1; ; $failures++) {
    try { return & $command }
    catch {
      if ($failures -ge $maxFailures) { throw }
      Write-Host "Attempt $failures of $maxFailures failed: $($_.Exception.Message)"
      Start-Sleep -Seconds $sleepBetweenFailures
    }
  }
}

function ConvertTo-QuotedString([string]$value) { '"' + $value.Replace('"', '\"') + '"' }

# Programs find the proxies in their environment; there is nothing left to do.
function Initialize-ProxySettings { }

function Write-Verbose([Parameter(ValueFromPipeline = $true)][string]$Message) { process { Write-ArgonautLevel 'verbose' $Message } }
function Write-Debug([Parameter(ValueFromPipeline = $true)][string]$Message) { process { Write-ArgonautLevel 'verbose' $Message } }
function Write-Highlight([Parameter(ValueFromPipeline = $true)][string]$Message) { process { Write-ArgonautLevel 'highlight' $Message } }
function Write-Wait([Parameter(ValueFromPipeline = $true)][string]$Message) { process { Write-ArgonautLevel 'wait' $Message } }
function Write-Warning([Parameter(ValueFromPipeline = $true)][string]$Message) { process { Write-ArgonautLevel 'warning' $Message } }

# A variable of its own for every simple name, unless PowerShell has one of that name already.
foreach ($argonautName in $OctopusParameters.Keys) {
  $argonautPlain = $argonautName -replace '[^A-Za-z0-9_]', ''
  if ($argonautPlain -and -not $argonautName.Contains('[') -and -not (Test-Path "Variable:$argonautPlain")) {
    Set-Variable -Name $argonautPlain -Value $OctopusParameters[$argonautName]
  }
}
Remove-Variable argonautLine, argonautName, argonautValue, argonautPlain -ErrorAction SilentlyContinue

# The global one: a variable of that name in this scope would hide what commands set.
$global:LASTEXITCODE = 0
try {
#MODULES#
  . (Join-Path $PSScriptRoot 'script.ps1') #PARAMETERS#
} catch {
  [Console]::Error.WriteLine(($_ | Out-String).TrimEnd())
  [Console]::Error.WriteLine($_.ScriptStackTrace)
  exit 1
}
exit $global:LASTEXITCODE
