/**
 * Packages on the worker: fetched once, unpacked or as the file that they are, and copied into the directories of steps.
 * Archives are hostile until proven otherwise: nothing is ever written outside, nor more than the limits allow.
 */
export { PackageCache, packagesFolder } from './cache.ts';
export { PackageRefused } from './errors.ts';
export { DEFAULT_LIMITS, type UnpackLimits } from './limits.ts';
export { placePackages } from './place.ts';
export { type Unpacked, type UnpackOptions, unpackPackage } from './unpack.ts';
