// What the reader drew with OHIF's tools, as polygons in the pixels of the images.

const ARC = 48; // corners of a polygon that stands for an ellipse

/**
 * Regions of the closed outlines on an exam's images; what only measures, such as a length, is none.
 *
 * @param cornerstone and tools: OHIF's libraries.
 * @param imageOf gives the server's image id for a cornerstone image id, or nothing for others.
 * @returns {Array<{uid: string, image: string, points: Array<[number, number]>}>} uid of the drawing; points as
 *   (column, row).
 */
export function drawnRegions(cornerstone, tools, imageOf) {
  const regions = [];
  for (const { annotationUID: uid, metadata, data } of tools.annotation.state.getAllAnnotations()) {
    const imageId = metadata?.referencedImageId;
    const image = imageOf(imageId);
    const corners = image ? outlineOf(metadata.toolName, data) : [];
    const points = corners.map((corner) => cornerstone.utilities.worldToImageCoords(imageId, corner).map(rounded));
    if (areaOf(points) >= 1) {
      regions.push({ uid, image, points });
    }
  }
  return regions;
}

/** The closed outline of a drawing in its world's coordinates; empty for a drawing that has none. */
export function outlineOf(tool, { handles, contour }) {
  const points = handles?.points ?? [];
  if (contour?.closed) {
    return contour.polyline;
  }
  if (tool === "RectangleROI" && points.length === 4) {
    return [points[0], points[1], points[3], points[2]];
  }
  if (tool === "EllipticalROI" && points.length === 4) {
    const [bottom, top, left, right] = points;
    return ellipse(middle(left, right), half(left, right), half(bottom, top));
  }
  if (tool === "CircleROI" && points.length >= 2) {
    const radius = Math.hypot(...minus(points[1], points[0]));
    const [across, down] = planeOf(minus(points[1], points[0]), radius);
    return ellipse(points[0], across, down);
  }
  return [];
}

/** Pixels inside of an outline. */
function areaOf(points) {
  const twice = points.reduce((sum, [column, row], index) => {
    const [nextColumn, nextRow] = points[(index + 1) % points.length];
    return sum + column * nextRow - nextColumn * row;
  }, 0);
  return Math.abs(twice) / 2;
}

const rounded = (value) => Math.round(value * 10) / 10;
const minus = (one, other) => one.map((value, axis) => value - other[axis]);
const middle = (one, other) => one.map((value, axis) => (value + other[axis]) / 2);
const half = (one, other) => minus(other, one).map((value) => value / 2);

function ellipse(centre, across, down) {
  return Array.from({ length: ARC }, (_, step) => {
    const angle = (2 * Math.PI * step) / ARC;
    return centre.map((value, axis) => value + Math.cos(angle) * across[axis] + Math.sin(angle) * down[axis]);
  });
}

/** Two half axes of a circle in the plane of an image; `spoke` leads from its centre to its edge. */
function planeOf(spoke, radius) {
  const flat = spoke.findIndex((value) => value === 0); // the axis that the image's plane stands on
  const [one, other] = [0, 1, 2].filter((axis) => axis !== (flat < 0 ? 2 : flat));
  const axisOf = (axis) => [0, 1, 2].map((number) => (number === axis ? radius : 0));
  return [axisOf(one), axisOf(other)];
}
