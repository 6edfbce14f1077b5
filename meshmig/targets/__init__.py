"""Target meshes: the neutral mesh to manifests."""
