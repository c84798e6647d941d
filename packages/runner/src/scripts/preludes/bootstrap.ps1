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
  . (Join-Path $PSScriptRoot 'script.ps1') #PARAMETERS#
} catch {
  [Console]::Error.WriteLine(($_ | Out-String).TrimEnd())
  [Console]::Error.WriteLine($_.ScriptStackTrace)
  exit 1
}
exit $global:LASTEXITCODE
