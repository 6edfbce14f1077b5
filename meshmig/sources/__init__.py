"""Source meshes: manifests to the neutral mesh, with a fate for every field."""
