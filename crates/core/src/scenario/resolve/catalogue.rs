//! Where the items come from.

use std::path::{Path, PathBuf};

use super::reader::{Document, Reader};
use crate::scenario::catalogue::CatalogueSpec;
use crate::scenario::file::{CatalogueFile, DatasetName};
use crate::scenario::problem::Finding;
use crate::scenario::resolved::{CatalogueSource, DatasetLayout};
use crate::scenario::tree::{Node, Place, Way, quoted};

/// The argument `--data DIR`.
#[derive(Debug)]
pub(super) struct Data {
    at: Place,
    shown: String,
    /// The folder, if it exists; otherwise that has been reported.
    folder: Option<PathBuf>,
}

/// The folder given by `--data`.
pub(super) fn data(reader: &mut Reader<'_>, folder: &Path) -> Data {
    let working_directory = reader.sources.working_directory();
    let shown = folder.display().to_string();
    let text = reader.texts.add_argument(format!("--data {shown}"), &shown, &working_directory);
    let at = Place::new(text, 0..shown.len());
    let folder = if let Some(folder) = folder.to_str() {
        reader.existing(&Node::of_text(folder, at.clone()), &Way::default(), "data set's folder")
    } else {
        let message = "the path of the data set's folder is not Unicode";
        reader.report(Finding::new(&at, &Way::default(), message).found(quoted(&shown)));
        None
    };
    Data { at, shown, folder }
}

/// Whether the scenario means to use a data set.
pub(super) fn names_a_dataset(document: &Document) -> bool {
    let way = Way::to("catalogue").key("dataset");
    document.get(&way).is_some() || document.is_broken(&way)
}

pub(super) fn source(
    reader: &mut Reader<'_>,
    document: &Document,
    data: Option<&Data>,
) -> Option<CatalogueSource> {
    let way = Way::to("catalogue");
    if let Some(data) = data
        && !names_a_dataset(document)
    {
        let message = "`--data` is given, but the scenario uses no data set";
        let finding = Finding::new(&data.at, &way.key("dataset"), message).found(quoted(&data.shown));
        reader.report(finding.hint("a scenario uses one with `dataset` in `[catalogue]`"));
    }
    let generated = reader.checked(document, &way.key("generate"), CatalogueSpec::check);
    let file: CatalogueFile = reader.required(document, &way)?;
    let node = document.get(&way)?;
    let typed = ["file", "dataset", "generate"].map(|key| node.get(key).map(|node| (key, node)));
    let mut typed = typed.into_iter().flatten();
    let Some((first, _)) = typed.next() else {
        let finding = Finding::new(&node.at, &way, "`catalogue` does not say where the items come from");
        reader.report(finding.expected("exactly one of `file`, `dataset` and `generate`"));
        return None;
    };
    let mut ok = true;
    for (key, node) in typed {
        let finding = Finding::of(node, &way.key(key), format!("`{key}` contradicts `{first}`"));
        reader.report(finding.expected("exactly one of `file`, `dataset` and `generate`"));
        ok = false;
    }
    for key in ["path", "mapping"] {
        if let (Some(node), None) = (node.get(key), file.dataset) {
            let finding = Finding::of(node, &way.key(key), format!("`{key}` is for data sets"));
            reader.report(finding.expected(format!("`{key}` only together with `dataset`")));
            ok = false;
        }
    }
    if !ok {
        return None;
    }
    match (file.dataset, &file.generate) {
        (Some(layout), _) => dataset(reader, node, layout, data),
        (None, Some(_)) => generated.map(CatalogueSource::Generate),
        (None, None) => {
            let file = node.get("file")?;
            reader.existing(file, &way.key("file"), "catalogue file").map(CatalogueSource::File)
        }
    }
}

fn dataset(
    reader: &mut Reader<'_>,
    node: &Node,
    layout: DatasetName,
    data: Option<&Data>,
) -> Option<CatalogueSource> {
    let way = Way::to("catalogue");
    let named = node.get("dataset")?;
    let path = match (data, node.get("path")) {
        (Some(data), _) => data.folder.clone(),
        (None, Some(path)) => reader.existing(path, &way.key("path"), "data set's folder"),
        (None, None) => {
            let finding = Finding::new(&named.at, &way.key("path"), "the data set's folder is not given");
            reader.report(finding.expected("`--data DIR` on the command line, or `path` in `[catalogue]`"));
            None
        }
    };
    let mapping = match (layout, node.get("mapping")) {
        (DatasetName::Csv, Some(mapping)) => {
            reader.existing(mapping, &way.key("mapping"), "mapping file").map(Some)
        }
        (DatasetName::Csv, None) => {
            let finding = Finding::new(&named.at, &way.key("mapping"), "`mapping` is missing");
            reader.report(finding.expected("the TOML file that says which column of the CSV files is what"));
            None
        }
        (_, Some(mapping)) => {
            let finding = Finding::of(mapping, &way.key("mapping"), "`mapping` is for CSV files");
            reader.report(finding.expected("`mapping` only together with `dataset = \"csv\"`"));
            None
        }
        (_, None) => Some(None),
    };
    let (path, mapping) = (path?, mapping?);
    let layout = match (layout, mapping) {
        (DatasetName::MovieLens, _) => DatasetLayout::MovieLens,
        (DatasetName::RecBole, _) => DatasetLayout::RecBole,
        (DatasetName::Agent4Rec, _) => DatasetLayout::Agent4Rec,
        (DatasetName::LastFm, _) => DatasetLayout::LastFm,
        (DatasetName::Csv, mapping) => DatasetLayout::Csv { mapping: mapping? },
    };
    Some(CatalogueSource::Dataset { layout, path })
}
