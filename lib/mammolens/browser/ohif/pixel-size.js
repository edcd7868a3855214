// Millimetres only where an image's pixel size is known.

const LAST = -1; // a reader's own calibration with OHIF's calibration line goes first

/**
 * Make OHIF's tools measure in pixels on images without Pixel Spacing; returns the function that ends it.
 *
 * By itself OHIF takes such pixels for 1 mm.
 */
export function measureInPixelsWithoutSize({ metaData, Enums }) {
  const uncalibrated = { type: Enums.CalibrationTypes.UNCALIBRATED };
  const provide = (type, imageId) => {
    const isUnknown =
      type === "calibratedPixelSpacing" && !metaData.get("imagePlaneModule", imageId)?.columnPixelSpacing;
    return isUnknown ? uncalibrated : undefined;
  };
  metaData.addProvider(provide, LAST);
  return () => metaData.removeProvider(provide);
}
